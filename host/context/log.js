/** Lines for the flow's log. Logging never fails a component. */

'use strict';

const lodash = require('lodash');
const { plain } = require('../errors');

const LEVELS = ['debug', 'info', 'warn', 'warning', 'error', 'fatal', 'trace'];

/** `log(object)`, `log(message)`, or `log(level, message, data)`. */
function line(args) {

    const leveled = args.length > 1 && LEVELS.includes(args[0]);
    const level = leveled ? args[0] : 'info';
    const [message, data] = leveled ? args.slice(1) : args;
    const said = lodash.isPlainObject(message) ? message : { message: message instanceof Error ? message.message : message };
    if (data === undefined) return { level, content: said };
    return { level, content: { ...said, ...(lodash.isPlainObject(data) ? data : { data }) } };
}

module.exports = run => ({
    log: (...args) => run.begin(async () => {
        try {
            const { level, content } = line(args);
            await run.call('log', { level, content: plain(content) ?? {} });
        } catch (err) {
            run.warn(`a line was not logged: ${err.message}`);
        }
        return null;
    })
});
