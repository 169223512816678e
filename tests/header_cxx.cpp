// The headers are C++ too, without a warning, and their functions link. Initialisers set the size and nothing else.
extern "C" { // a habit of programs that is not needed here, and does no harm
#include <smx/smx.h>
}

#ifdef WITH_TENSORS
#include <smx/tensor.h>

static bool tensors() {
    smx_tensor_options opt = SMX_TENSOR_OPTIONS_INIT;
    smx_tensor_cross_entropy_args ce = SMX_TENSOR_CROSS_ENTROPY_ARGS_INIT;
    if (opt.size != sizeof opt || ce.size != sizeof ce || ce.bad_row != nullptr) {
        return false;
    }
    double x[2] = {0, 0};
    int64_t shape[1] = {2};
    DLTensor tensor = {x, {kDLCPU, 0}, 1, {kDLFloat, 64, 1}, shape, nullptr, 0};
    return smx_softmax(&tensor, -1, &tensor, &opt) == SMX_OK && x[0] == 0.5 && x[1] == 0.5;
}
#else
static bool tensors() { return true; }
#endif

static const smx_options defaults = SMX_OPTIONS_INIT;

int main() {
    const double x[2] = {0, 0};
    double y[2];
    smx_options opt = SMX_OPTIONS_INIT;
    opt.threads = 1;
    smx_cross_entropy_args_f32 f32 = SMX_CROSS_ENTROPY_ARGS_F32_INIT;
    smx_cross_entropy_args_f64 f64 = SMX_CROSS_ENTROPY_ARGS_F64_INIT;
    bool sizes = f32.size == sizeof f32 && f32.loss_sum == nullptr && f64.size == sizeof f64 &&
                 f64.loss_sum == nullptr && defaults.size == sizeof defaults && defaults.queries == 0;
    bool rows = sizes && smx_version_number() == SMX_VERSION_NUMBER &&
                smx_softmax_f64(1, 2, x, 2, y, 2, &opt) == SMX_OK && y[0] == 0.5 && y[1] == 0.5;
    return rows && tensors() ? 0 : 1;
}
