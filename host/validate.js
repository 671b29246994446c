/** JSON Schema over what arrives: values are coerced, two mistakes are mended, and what is still wrong is told. */

'use strict';

const Ajv = require('ajv');
const addErrors = require('ajv-errors');
const addFormats = require('ajv-formats');
const lodash = require('lodash');
const { HostError } = require('./errors');

/** Compiled schemas kept at most; a process serves one module, which has a few hundred at the most. */
const KEPT = 1000;

function checker(options) {

    const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: true, validateSchema: false, logger: false, ...options });
    addFormats(ajv);
    addErrors(ajv);
    const compiled = new Map();
    const byText = schema => {
        const text = JSON.stringify(schema);
        if (!compiled.has(text)) {
            if (compiled.size >= KEPT) compiled.clear();
            const { $schema, $id, ...rest } = schema;
            compiled.set(text, ajv.compile(rest));
        }
        return compiled.get(text);
    };
    // Most come with a manifest that is kept, so the same one is asked for again.
    const known = new WeakMap();
    return schema => {
        if (!known.has(schema)) known.set(schema, byText(schema));
        return known.get(schema);
    };
}

const forPorts = checker({});
const forProperties = checker({ useDefaults: true });

/** The errors themselves, where a schema has texts of its own for them. */
const flat = errors => (errors ?? []).flatMap(error => error.keyword === 'errorMessage' ? error.params.errors : [error]);

const pathOf = error => error.instancePath.split('/').slice(1).map(part => part.replace(/~1/g, '/').replace(/~0/g, '~'));

/** Takes away empty values that do not fit, and writes as JSON what should be text. */
function mend(value, errors) {

    for (const error of errors) {
        const path = pathOf(error);
        if (!path.length) continue;
        const found = lodash.get(value, path);
        if (found === '' || found === null) {
            lodash.unset(value, path);
        } else if (error.keyword === 'type' && typeof found === 'object' && [].concat(error.params.type).includes('string')) {
            lodash.set(value, path, JSON.stringify(found));
        }
    }
}

function words(errors) {

    const texts = errors.map(error => `${error.instancePath ? `"${pathOf(error).join('.')}" ` : ''}${error.message}`);
    return [...new Set(texts)].join('; ');
}

/** Checks a copy; gives it with what is wrong with it. A schema that is broken itself is no reason to refuse a value. */
function check(compile, schema, given) {

    const value = lodash.cloneDeep(given);
    let validate;
    try {
        validate = compile(schema);
    } catch (err) {
        return { value, errors: [], broken: err.message };
    }
    if (validate(value)) return { value, errors: [] };
    mend(value, flat(validate.errors));
    return validate(value) ? { value, errors: [] } : { value, errors: flat(validate.errors), text: words(validate.errors) };
}

/** The content as it fits the port; ports without a schema take anything. */
function portContent(manifest, port, content) {

    const schema = (manifest.inPorts ?? []).find(one => one?.name === port)?.schema;
    if (!lodash.isPlainObject(schema)) return content;
    const { value, errors, text } = check(forPorts, schema, content);
    if (!errors.length) return value;
    throw new HostError('invalid', `The message does not fit the port ${port}: ${text}.`, {
        name: 'ValidationFlowError',
        code: 'GRID_ERR_VAL_PORTS',
        error: errors.map(({ instancePath, keyword, message, params }) => ({ path: instancePath, keyword, message, params }))
    });
}

/** The properties with defaults, and what is wrong with them. */
function properties(manifest, given) {

    const schema = manifest.properties?.schema;
    if (!lodash.isPlainObject(schema)) return { value: given, errors: [] };
    return check(forProperties, schema, given);
}

module.exports = { portContent, properties };
