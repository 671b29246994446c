'use strict';

const { parse, kind } = require('../../lib/input');

const MAX_LINES = 100000;

function parseLines(text) {

    const data = [];
    const lines = text.split(/\r?\n/);
    for (const [i, line] of lines.entries()) {
        if (line.trim() === '') continue;
        const result = parse(line);
        if (result.reason) return { reason: `Line ${i + 1} is not JSON.` };
        data.push(result.data);
        if (data.length > MAX_LINES) return { reason: `There are more than ${MAX_LINES} lines.` };
    }
    return { data };
}

module.exports = {

    async receive(context) {

        const { text, lines = false, invalid = 'fail' } = context.messages.in.content;
        const { data, reason } = lines ? parseLines(String(text)) : parse(String(text));
        if (!reason) return context.sendJson({ data, kind: kind(data) }, 'out');
        if (invalid === 'port') return context.sendJson({ reason, text }, 'invalid');
        throw new context.CancelError(reason);
    }
};
