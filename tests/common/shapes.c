#include "shapes.h"

const shape shapes[SHAPES] = {
    {0, 5}, {1, 0}, {1, 1}, {1, 7}, {3, 5}, {2000, 3}, {1000, 101}, {65, 1024}, {7, 30011}, {3, 100003}, {1, 262145},
};

const shape jacobian_shapes[JACOBIAN_SHAPES] = {{1, 1}, {3, 5}, {500, 10}, {1, 701}, {5, 200}};
