/** What arrives becomes what the component gets: scope, lambda and modifiers. */

'use strict';

const lodash = require('lodash');
const { HostError } = require('./errors');
const { fromTemplates } = require('./templates');
const modifiers = require('./modifiers');

const PLACEHOLDER = /\{\{\{([^{}]+)\}\}\}/g;

/** The sender's scope with what it has sent, and the way that the message has come. */
function scopeOf(input, componentId) {

    const scope = { ...input.scope };
    const { sender, port, content } = input;
    if (!sender) return scope;
    scope[sender.componentId] = { ...scope[sender.componentId], [sender.port]: content };
    const link = { sourceId: sender.componentId, sourceOut: sender.port, targetIn: port };
    const step = { targetId: componentId, links: [link] };
    const steps = scope._walkthrough ?? [];
    scope._walkthrough = lodash.isEqual(steps.at(-1), step) ? steps : [...steps, step];
    return scope;
}

/** The rule for the link that the message has come by. */
function ruleOf(node, input) {

    const { sender, port } = input;
    return sender ? node?.config?.transform?.[port]?.[sender.componentId]?.[sender.port] : undefined;
}

/** The content as the component is to get it. `env` is what modifiers may ask about the flow. */
function transform(rule, content, scope, env) {

    if (!rule || !lodash.isPlainObject(rule.lambda)) return content;
    const data = { ...(lodash.isPlainObject(content) ? content : {}), $: scope };
    const result = resolveAll(rule.lambda, rule.modifiers, data, env);
    return rule.type === 'json2ext' ? { ...content, ...result } : result;
}

/** Resolves an object whose top-level fields have modifiers; fields that come to nothing vanish. */
function resolveAll(lambda, rules, data, env) {

    const { values, rules: all } = rules ? { values: lambda, rules } : fromTemplates(lambda);
    const result = {};
    for (const [field, value] of Object.entries(values)) {
        const resolved = resolve(value, all[field] ?? {}, data, env);
        if (resolved !== undefined) result[field] = resolved;
    }
    return result;
}

/** Resolves every leaf. */
function resolve(value, rules, data, env) {

    if (typeof value === 'string') return resolveText(value, rules, data, env);
    if (Array.isArray(value)) return value.map(item => resolve(item, rules, data, env) ?? null);
    if (!lodash.isPlainObject(value)) return value;
    const result = {};
    for (const [key, item] of Object.entries(value)) {
        const resolved = resolve(item, rules, data, env);
        if (resolved !== undefined) result[key] = resolved;
    }
    return result;
}

function resolveText(text, rules, data, env) {

    const whole = /^\{\{\{([^{}]+)\}\}\}$/.exec(text);
    if (whole) return valueOf(rules[whole[1].trim()], data, env);
    return text.replace(PLACEHOLDER, (match, id) => {
        const value = valueOf(rules[id.trim()], data, env);
        return typeof value === 'object' ? JSON.stringify(value) : String(value);
    });
}

/** The value of a placeholder: its variable, through its functions from left to right. */
function valueOf(rule, data, env) {

    if (!rule) return undefined;
    const start = rule.variable === undefined || rule.variable === null ? rule.literal : variable(rule.variable, data);
    return (rule.functions ?? []).reduce((value, call) => apply(call, value, data, env), start);
}

/** `@value`, `@index` and `@key` are a loop's, with a `@../` for each loop around it; all else is a path. */
function variable(path, data) {

    if (!path.startsWith('@')) return lodash.get(data, path.replace(/^\[(\d+)\]/, '$1'));
    let frame = data['@'];
    let rest = path.slice(1);
    for (; rest.startsWith('../'); rest = rest.slice(3)) frame = frame?.outer;
    return lodash.get(frame, rest);
}

function apply(call, value, data, env) {

    const modifier = modifiers[call.name];
    if (!modifier) {
        throw new HostError('invalid', `There is no modifier "${call.name}".`, {
            name: 'TransformError', code: 'GRID_ERR_PORT_TRANSFORMATION'
        });
    }
    try {
        if (modifier.loop) return modifier.loop(value, loopOf(call.params?.[0], data, env));
        const read = param => param?.modifiers ? resolve(param.value, param.modifiers, data, env) : param?.value;
        const params = (call.params ?? []).map(read);
        const hash = lodash.mapValues(call.hashParams ?? {}, read);
        return modifier(value, params, hash, env);
    } catch (err) {
        if (err instanceof HostError) throw err;
        return value;
    }
}

/** What a loop does with an item: its parameter, resolved with the item at hand. */
function loopOf(param, data, env) {

    return (value, index, key = index) => {
        const frame = { value, index, key, outer: data['@'] };
        return resolve(param?.value, param?.modifiers ?? {}, { ...data, '@': frame }, env);
    };
}

module.exports = { resolveAll, ruleOf, scopeOf, transform };
