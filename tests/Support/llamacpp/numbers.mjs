// Numbers that come out the same on every machine: a seeded generator that uses integer and basic floating-point
// arithmetic only, and the roundings to the 16-bit formats that checkpoints use.

/** A generator of 32 random bits a step (a Weyl sequence put through an integer hash), seeded by a text. */
export function generator(seed) {
    let state = 2166136261;
    for (const character of seed)
        state = Math.imul(state ^ character.codePointAt(0), 16777619) >>> 0;
    const bits = () => {
        state = (state + 0x9e3779b9) >>> 0;
        let x = state;
        x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
        x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
        return (x ^ (x >>> 15)) >>> 0;
    };
    const uniform = () => bits() / 4294967296;
    return {
        integer: bound => Math.floor(uniform() * bound),
        /** Near enough to a normal variable of mean 0 and variance 1: twelve uniform ones, added up. */
        normal: () => {
            let sum = -6;
            for (let i = 0; i < 12; i++)
                sum += uniform();
            return sum;
        },
    };
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The 16 bits of the bfloat16 nearest to a float32, ties to even. Finite numbers only. */
export function toBFloat16(value) {
    single[0] = value;
    const x = bits[0];
    return (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
}

export function fromBFloat16(half) {
    bits[0] = half << 16;
    return single[0];
}

/** The 16 bits of the IEEE half nearest to a number, ties to even. Finite numbers only. */
export function toFloat16(value) {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(value);
    if (magnitude >= 65520)
        return sign | 0x7c00;
    // The step between neighbors is 2^-24 up to 2^-14 and doubles with every power of two from there on.
    let exponent = -14;
    while (magnitude >= 2 ** (exponent + 1))
        exponent++;
    const units = roundHalfEven(magnitude / 2 ** (exponent - 10));
    // 1024 units are one power of two, so a carry into the exponent comes by itself.
    return sign | (magnitude < 2 ** -14 ? units : ((exponent + 14) << 10) + units);
}

export function fromFloat16(half) {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

function roundHalfEven(x) {
    const floor = Math.floor(x);
    const rest = x - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** A number that Python would print as a float: a config.json says 500000.0 and 1e-05. It calculates as any number does. */
export function float(value) {
    return Object.assign(new Number(value), { isFloat: true });
}

export function printFloat(value) {
    const x = Number(value);
    if (x !== 0 && Math.abs(x) < 1e-4)
        return x.toExponential().replace(/e-(\d)$/, "e-0$1");
    return Number.isInteger(x) ? `${x}.0` : String(x);
}
