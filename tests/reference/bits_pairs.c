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

double quadratic_and_up(double r) {
    double r2 = r * r;
    double q2 = fma(0x1.55555555554fep-3, r, 0x1.000000000000ap-1);
    double q4 = fma(0x1.1111111126b36p-7, r, 0x1.55555555506b9p-5);
    double q6 = fma(0x1.a01a012ff0039p-13, r, 0x1.6c16c1847815bp-10);
    double q8 = fma(0x1.71df18e74b0efp-19, r, 0x1.a019995b5d189p-16);
    double q = fma(0x1.ad92ff4f05acap-26, r, 0x1.28ae00ae2e2f5p-22);
    q = fma(q, r2, q8);
    q = fma(q, r2, q6);
    q = fma(q, r2, q4);
    return fma(q, r2, q2);
}

pair pair_exp(pair a, int *k) {
    double n = fma(a.h, 0x1.71547652b82fep+0, 0x1.8p+52) - 0x1.8p+52;
    double t = fma(-n, LN2.h, a.h), r = fma(-n, LN2.l, t);
    double lost = fma(-n, LN2.l, t - r) + a.l;
    double s = 1 + r, w = fma(quadratic_and_up(r), r * r, r - (s - 1));
    *k = (int)n;
    return pair_fast(s, fma(lost, s + w, w));
}
