'use strict';

const { toNumber } = require('../../lib/compare');
const { listOf, reader } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, field } = context.messages.in.content;
        const values = listOf(context, list).map(reader(context, field)).map(toNumber);
        const numbers = values.filter(Number.isFinite);

        // Neumaier's sum keeps 0.1 + 0.2 + … from drifting in long lists.
        let sum = 0;
        let lost = 0;
        let min = null;
        let max = null;
        for (const n of numbers) {
            const next = sum + n;
            lost += Math.abs(sum) >= Math.abs(n) ? (sum - next) + n : (n - next) + sum;
            sum = next;
            if (min === null || n < min) min = n;
            if (max === null || n > max) max = n;
        }
        sum += lost;
        await context.sendJson({
            count: numbers.length,
            sum,
            average: numbers.length ? sum / numbers.length : null,
            min,
            max,
            skipped: values.length - numbers.length
        }, 'out');
    }
};
