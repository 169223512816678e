#include "bits_pairs.h"

#include <math.h>

static const pair LN2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

pair pair_of(double a) { return (pair){a, 0}; }

pair pair_fast(double a, double b) {
    double s = a + b;
    return (pair){s, b - (s - a)};
}

pair pair_two(double a, double b) {
    double s = a + b, k = s - a;
    return (pair){s, (a - (s - k)) + (b - k)};
}

pair pair_negative(pair a) { return (pair){-a.h, -a.l}; }

/* fast(h, l), unless h has overflowed or was infinite. */
static pair joined(double h, double l) { return isinf(h) ? pair_of(h) : pair_fast(h, l); }

pair pair_add(pair a, pair b) {
    pair s = pair_two(a.h, b.h);
    return joined(s.h, s.l + (a.l + b.l));
}

pair pair_multiply(pair a, pair b) {
    double h = a.h * b.h;
    double l = fma(a.h, b.h, -h) + fma(a.h, b.l, a.l * b.h);
    return joined(h, l);
}

pair pair_multiply_or_0(pair a, pair b) {
    if (a.h == 0 || b.h == 0) {
        return pair_of(0);
    }
    return pair_multiply(a, b);
}

pair pair_divide(pair a, pair b) {
    double h = a.h / b.h;
    double l = (fma(-h, b.h, a.h) + fma(-h, b.l, a.l)) / b.h;
    return joined(h, l);
}

pair pair_scale(pair a, int k) {
    int half = k / 2;
    return (pair){ldexp(ldexp(a.h, half), k - half), ldexp(ldexp(a.l, half), k - half)};
}

double pair_real(pair a) { return a.h + a.l; }

/* L(k, g). */
static pair log_reduced(int k, pair g) {
    pair t = pair_divide(g, pair_add(pair_of(2), g));
    double q = t.h * t.h, p = 1.0 / 25;
    for (int i = 23; i >= 3; i -= 2) {
        p = fma(p, q, 1.0 / i);
    }
    pair twice = {2 * t.h, 2 * t.l};
    pair s = pair_add(twice, pair_of(2 * (t.h * q * p)));
    return k == 0 ? s : pair_add(pair_multiply(pair_of(k), LN2), s);
}

static pair pair_log(pair a) {
    int k = ilogb(a.h);
    pair f = pair_scale(a, -k);
    if (f.h >= 0x1.6a09e667f3bcdp0) {
        f = pair_scale(f, -1);
        k++;
    }
    return log_reduced(k, pair_fast(f.h - 1, f.l));
}

pair pair_log1p(pair a) {
    if (a.h < 0x1p-200) {
        return a;
    }
    return a.h < 0.25 ? log_reduced(0, a) : pair_log(pair_add(pair_of(1), a));
}
