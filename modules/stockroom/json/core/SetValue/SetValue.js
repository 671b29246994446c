'use strict';

const { parse, dataOf } = require('../../lib/input');
const paths = require('../../lib/path');

const MAX_POSITION = 100000;

module.exports = {

    async receive(context) {

        const { path, action = 'set', parse: isJson = false } = context.messages.in.content;
        const steps = this.steps(context, path);
        const data = structuredClone(dataOf(context, context.messages.in.content.data, 'Data'));
        let { value = null } = context.messages.in.content;
        if (isJson && typeof value === 'string') {
            const result = parse(value);
            if (result.reason) throw new context.CancelError(`Value: ${result.reason}`);
            value = result.data;
        }
        if (data === null || typeof data !== 'object') throw new context.CancelError('The data is neither an object nor a list.');

        const parent = this.walk(context, data, steps, action !== 'remove');
        if (parent) this.apply(context, parent, steps[steps.length - 1], action, value);
        await context.sendJson({ data }, 'out');
    },

    steps(context, path) {

        const steps = paths.parse(context, path);
        if (!steps.length) throw new context.CancelError('The path is empty.');
        if (steps.includes(paths.ALL)) throw new context.CancelError('A value can be set in one place only, not in [*].');
        const bad = steps.find(step => paths.FORBIDDEN.has(step));
        if (bad) throw new context.CancelError(`The name "${bad}" cannot be used in a path.`);
        return steps;
    },

    /** The object or list that holds the last step; makes what is missing on the way if asked to. */
    walk(context, data, steps, create) {

        let at = data;
        for (let i = 0; i < steps.length - 1; i++) {
            const key = this.key(context, at, steps[i]);
            if (!paths.has(at, key) || at[key] === null) {
                if (!create) return null;
                at[key] = typeof steps[i + 1] === 'number' ? [] : {};
            }
            if (typeof at[key] !== 'object') {
                if (!create) return null;
                throw new context.CancelError(`There is a plain value at "${String(steps[i])}", so nothing can be set below it.`);
            }
            at = at[key];
        }
        return at;
    },

    key(context, holder, step) {

        if (!Array.isArray(holder)) return String(step);
        const index = typeof step === 'number' ? step : /^\d{1,6}$/.test(step) ? Number(step) : NaN;
        const position = index < 0 ? holder.length + index : index;
        if (!(position >= 0 && position <= MAX_POSITION)) {
            throw new context.CancelError(`"${String(step)}" is not a position in the list.`);
        }
        if (position > holder.length) {
            throw new context.CancelError(`Position ${position} would leave a hole in a list of ${holder.length} items.`);
        }
        return position;
    },

    apply(context, holder, step, action, value) {

        if (action === 'remove') {
            const there = Array.isArray(holder) ? paths.get(holder, [step]).found : paths.has(holder, String(step));
            if (!there) return;
            const key = this.key(context, holder, step);
            if (Array.isArray(holder)) holder.splice(key, 1);
            else delete holder[key];
            return;
        }
        const key = this.key(context, holder, step);
        if (action === 'append') {
            if (!paths.has(holder, key) || holder[key] === null) holder[key] = [];
            if (!Array.isArray(holder[key])) throw new context.CancelError('There is no list at the path to append to.');
            holder[key].push(value);
        } else {
            holder[key] = value;
        }
    }
};
