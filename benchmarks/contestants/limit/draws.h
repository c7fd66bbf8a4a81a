/* The arithmetic of one draw, step by step that of sim/scalar.py, written so that a loop over
 * people works on several at a time: no branches, no calls. */
#ifndef LIMIT_DRAWS_H
#define LIMIT_DRAWS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Placed before a loop whose passes do not touch each other's elements: arrays that come from a
 * structure could overlap for all that a compiler knows. */
#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define WORD_RANGE 4294967296.0
#define NEVER_S ((int64_t)1 << 40)
#define NEVER_AFTER_S (((int32_t)1 << 30) - 1)

enum {
    MARK = 7,
    CAMPAIGN = 8,
    BACKGROUND_COUNT = 29,
    BACKGROUND_CALL = 30,
    RECEIPT = 40,
    RESPONSE = 41,
    SIGHTING = 42,
    TIP = 43,
    CALLING = 44,
    PUBLIC_COUNT = 45,
    PUBLIC_PERSON = 46,
    PUBLIC_PLACE = 47,
};

typedef struct {
    uint32_t seed, replication;
} Key;

typedef struct {
    uint32_t w[4];
} Words;

/* Philox4x32-10. Products are taken in 64 bits, which compilers turn into the multiplication of
 * vector lanes; the ten rounds are written out so that the loop outside is the one they look at. */
#define PHILOX_ROUND                                                                              \
    {                                                                                             \
        const uint64_t p0 = c0 * 0xD2511F53u, p1 = c2 * 0xCD9E8D57u;                              \
        c0 = (p1 >> 32) ^ c1 ^ k0, c2 = (p0 >> 32) ^ c3 ^ k1;                                     \
        c1 = p1 & 0xFFFFFFFFu, c3 = p0 & 0xFFFFFFFFu;                                             \
        k0 = (k0 + 0x9E3779B9u) & 0xFFFFFFFFu, k1 = (k1 + 0xBB67AE85u) & 0xFFFFFFFFu;             \
    }

static inline Words philox(uint32_t a, uint32_t b, uint32_t c, uint32_t purpose, Key key)
{
    uint64_t c0 = a, c1 = b, c2 = c, c3 = purpose, k0 = key.seed, k1 = key.replication;
    PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND
    PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND PHILOX_ROUND
    return (Words){{(uint32_t)c0, (uint32_t)c1, (uint32_t)c2, (uint32_t)c3}};
}

static inline double uniform(uint32_t word)
{
    return (word + 0.5) * (1.0 / WORD_RANGE);
}

/* The number of words whose uniform lies below a share: comparing words with it is comparing
 * uniforms with the share, without a rounding anywhere. */
static inline uint64_t words_below(double share)
{
    if (!(share > 0.0))
        return 0;
    if (share >= 1.0)
        return (uint64_t)1 << 32;
    const double words = share * WORD_RANGE;
    const uint64_t whole = (uint64_t)words;
    return whole + ((double)whole + 0.5 < words);
}

static inline int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double number_of(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double least(double a, double b)
{
    return a < b ? a : b;
}

static inline double most(double a, double b)
{
    return a > b ? a : b;
}

#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10

static inline double natural_log(double x)
{
    const int64_t bits = bits_of(x), e = (bits - 0x3FE6A09E667F3BCD) >> 52;
    const double f = number_of(bits - (int64_t)((uint64_t)e << 52)) - 1.0;
    const double s = f / (2.0 + f), z = s * s, w = z * z;
    const double odd =
        z * (6.666666666666735130e-01
             + w * (2.857142874366239149e-01
                    + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const double even =
        w * (3.999999999940941908e-01
             + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double half = 0.5 * f * f, k = (double)e;
    return k * LN2_HIGH - ((half - (s * (half + odd + even) + k * LN2_LOW)) - f);
}

static inline double exponential_of(double x)
{
    x = least(most(x, -700.0), 700.0);
    const double k = rint(x * 1.44269504088896338700);
    const double high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low, t = r * r;
    const double c =
        r - t * (1.66666666666666019037e-01
                 + t * (-2.77777777770155933842e-03
                        + t * (6.61375632143793436117e-05
                               + t * (-1.65339022054652515390e-06
                                      + t * 4.13813679705723846039e-08))));
    const double y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    return number_of(bits_of(y) + (int64_t)((uint64_t)(int64_t)k << 52));
}

/* The quantile of the unit exponential. */
static inline double exponential(double u)
{
    return -natural_log(1.0 - u);
}

#define POLYNOMIAL(x, a, b, c, d, e, f, g, h)                                                     \
    ((((((((a) * (x) + (b)) * (x) + (c)) * (x) + (d)) * (x) + (e)) * (x) + (f)) * (x) + (g)) * (x) \
     + (h))

/* The normal quantile (Wichura's AS 241): its centre, where most uniforms lie, and its tails. */
static inline int lies_in_tail(double u)
{
    return fabs(u - 0.5) > 0.425;
}

static inline double centre_score(double u)
{
    const double q = u - 0.5, x = 0.425 * 0.425 - q * q;
    const double above =
        q * POLYNOMIAL(x, 2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
                       45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
                       133.14166789178437745, 3.3871328727963666080);
    const double below =
        POLYNOMIAL(x, 5226.4952788528545610, 28729.085735721942674, 39307.895800092710610,
                   21213.794301586595867, 5394.1960214247511077, 687.18700749205790830,
                   42.313330701600911252, 1.0);
    return above / below;
}

static inline double tail_score(double u)
{
    const double r = sqrt(-natural_log(least(u, 1.0 - u))) - 1.6;
    const double above =
        POLYNOMIAL(r, 7.74545014278341407640e-4, 2.27238449892691845833e-2,
                   2.41780725177450611770e-1, 1.27045825245236838258, 3.64784832476320460504,
                   5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734);
    const double below =
        POLYNOMIAL(r, 1.05075007164441684324e-9, 5.47593808499534494600e-4,
                   1.51986665636164571966e-2, 1.48103976427480074590e-1,
                   6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187,
                   1.0);
    const double value = above / below;
    return u < 0.5 ? -value : value;
}

static inline double normal_score(double u)
{
    return lies_in_tail(u) ? tail_score(u) : centre_score(u);
}

static inline double lognormal(double u, double median, double sigma)
{
    return median * exponential_of(sigma * normal_score(u));
}

/* Whole seconds, half to even, NEVER_S for infinity. */
static inline int64_t whole_seconds(double value)
{
    return (int64_t)rint(least(value, (double)NEVER_S));
}

/* The same in 32 bits. */
static inline int32_t span(double value)
{
    return (int32_t)rint(least(value, (double)NEVER_AFTER_S));
}

static inline int64_t at_least_one(int64_t seconds)
{
    return seconds > 1 ? seconds : 1;
}

/* The Poisson quantile by summing the probabilities. */
static int64_t poisson(double u, double mean)
{
    int64_t k = 0;
    if (mean > 500.0)
        k = (int64_t)(mean - 12.0 * sqrt(mean));
    double probability =
        k > 0 ? exp((double)k * log(mean) - mean - lgamma((double)k + 1.0)) : exp(-mean);
    double total = probability;
    while (u > total) {
        k++;
        probability = probability * mean / (double)k;
        total += probability;
        if ((double)k >= mean && total + probability <= total)
            break;
    }
    return k;
}

#endif
