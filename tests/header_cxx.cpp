// The header is C++ too, and its functions link.
#include <smx/smx.h>

int main() {
    const double x[2] = {0, 0};
    double y[2];
    return smx_softmax_f64(1, 2, x, 2, y, 2, nullptr) == SMX_OK && y[0] == 0.5 && y[1] == 0.5 ? 0 : 1;
}
