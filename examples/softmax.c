/* The softmax of two rows. Beside the library: cc softmax.c $(pkg-config --cflags --libs smx) */
#include <smx/smx.h>
#include <stdio.h>

int main(void) {
    const float x[2][3] = {{1, 2, 3}, {1001, 1002, 1003}};
    float y[2][3];
    smx_status status = smx_softmax_f32(2, 3, x[0], 3, y[0], 3, NULL);
    if (status != SMX_OK) {
        fprintf(stderr, "softmax: %s: %s\n", smx_refused(), smx_status_str(status));
        return 1;
    }
    for (int k = 0; k < 2; k++)
        printf("%.4f %.4f %.4f\n", (double)y[k][0], (double)y[k][1], (double)y[k][2]);
    return 0;
}
