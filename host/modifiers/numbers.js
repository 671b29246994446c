/** Arithmetic; text that begins with a number counts as that number. */

'use strict';

function number(value) {

    const result = parseFloat(value);
    if (Number.isNaN(result)) throw new TypeError(`${value} is no number`);
    return result;
}

const binary = operation => (value, [second]) => operation(number(value), number(second));

module.exports = {
    /** What is not two numbers is put one after the other. */
    g_add: (value, [second]) => {
        const [a, b] = [parseFloat(value), parseFloat(second)];
        return Number.isNaN(a) || Number.isNaN(b) ? `${value ?? ''}${second ?? ''}` : a + b;
    },
    g_sub: binary((a, b) => a - b),
    g_mul: binary((a, b) => a * b),
    g_div: binary((a, b) => a / b),
    g_mod: binary((a, b) => a % b),
    g_max: binary(Math.max),
    g_min: binary(Math.min),
    g_avg: binary((a, b) => (a + b) / 2),
    g_floor: value => Math.floor(number(value)),
    g_ceil: value => Math.ceil(number(value)),
    g_round: value => Math.round(number(value))
};
