// The headers are C++ too, and their functions link.
#include <smx/smx.h>

#ifdef WITH_TENSORS
#include <smx/tensor.h>

static bool tensors() {
    double x[2] = {0, 0};
    int64_t shape[1] = {2};
    DLTensor tensor = {x, {kDLCPU, 0}, 1, {kDLFloat, 64, 1}, shape, nullptr, 0};
    return smx_softmax(&tensor, -1, &tensor, nullptr) == SMX_OK && x[0] == 0.5 && x[1] == 0.5;
}
#else
static bool tensors() { return true; }
#endif

int main() {
    const double x[2] = {0, 0};
    double y[2];
    bool rows = smx_softmax_f64(1, 2, x, 2, y, 2, nullptr) == SMX_OK && y[0] == 0.5 && y[1] == 0.5;
    return rows && tensors() ? 0 : 1;
}
