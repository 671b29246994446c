/** `context.db.Model`: the class that plugins derive their documents from. */

'use strict';

const { randomUUID } = require('node:crypto');
const { guarded } = require('../guarded');

/** Names which fields of a kept document are dates: JSON has none. */
const DATES = '$dates';

/** A query as JSON: dates as text, which keeps their order, and regular expressions as `$regex`. */
function plainQuery(query) {

    return JSON.parse(JSON.stringify(query ?? {}, (key, value) =>
        value instanceof RegExp ? { $regex: value.source, $options: value.flags.replace(/[^imsx]/g, '') } : value));
}

function encode(fields) {

    const dates = Object.keys(fields).filter(name => fields[name] instanceof Date && !Number.isNaN(+fields[name]));
    return dates.length ? { ...fields, [DATES]: dates } : fields;
}

function decode({ [DATES]: dates = [], ...fields }) {

    for (const name of dates) fields[name] = new Date(fields[name]);
    return fields;
}

const capital = name => name.charAt(0).toUpperCase() + name.slice(1);

function modelOf(plugin) {

    const ask = (Class, verb, args) => plugin.ask(`model.${verb}`, { collection: String(Class.collection), ...args });
    const made = (Class, fields) => fields ? Object.assign(new Class(), decode(fields)) : null;

    class Model {

        static get collection() { throw new TypeError(`${this.name} does not say which collection it is of.`); }
        static get idProperty() { return 'id'; }
        static get properties() { return []; }
        /** Left out by `toJson`. */
        static get protectedProperties() { return []; }

        /** Gives every property `getX` and `setX`, unless the class has them. */
        static createSettersAndGetters() {

            for (const name of new Set([...this.properties, this.idProperty])) {
                const [get, set] = [`get${capital(name)}`, `set${capital(name)}`];
                if (!(get in this.prototype)) this.prototype[get] = function () { return this[name]; };
                if (!(set in this.prototype)) {
                    this.prototype[set] = function (value) {
                        this[name] = value;
                        return this;
                    };
                }
            }
        }

        /** Documents of a query of MongoDB's kind; `options`: `limit`, `skip` (`offset`), `sort`. */
        static async find(query, { limit, skip, offset, sort } = {}) {

            const found = await ask(this, 'find', { query: plainQuery(query), limit, skip: skip ?? offset, sort });
            return found.map(fields => made(this, fields));
        }

        static async findOne(query, options) {

            return (await this.find(query, { ...options, limit: 1 }))[0] ?? null;
        }

        static async findById(id) {

            return made(this, await ask(this, 'get', { id: String(id) }));
        }

        static async count(query) {

            return ask(this, 'count', { query: plainQuery(query) });
        }

        static async deleteById(id) {

            return ask(this, 'remove', { id: String(id) });
        }

        static async deleteMany(query) {

            return ask(this, 'delete', { query: plainQuery(query) });
        }

        /** Every search looks at the whole collection. */
        static async createIndex() { return null; }

        constructor(fields) {

            if (fields) this.populate(fields);
        }

        getId() { return this[this.constructor.idProperty]; }

        setId(id) {

            this[this.constructor.idProperty] = id;
            return this;
        }

        /** Takes over what is a property of the class. */
        populate(fields) {

            const { properties, idProperty } = this.constructor;
            for (const [name, value] of Object.entries(fields ?? {})) {
                if (name === idProperty || properties.includes(name)) this[name] = value;
            }
            return this;
        }

        /** Keeps it in place of the one with its id; one without gets an id. */
        async save() {

            const { properties, idProperty } = this.constructor;
            this[idProperty] ??= randomUUID();
            const fields = {};
            for (const name of new Set([idProperty, ...properties])) {
                if (this[name] !== undefined) fields[name] = this[name];
            }
            await ask(this.constructor, 'save', { id: String(this[idProperty]), document: encode(fields) });
            return this;
        }

        async delete() {

            return this.constructor.deleteById(this.getId());
        }

        toJson() {

            const { protectedProperties } = this.constructor;
            return Object.fromEntries(Object.entries(this).filter(([name]) => !protectedProperties.includes(name)));
        }
    }

    return guarded('context.db.Model', Model);
}

module.exports = { decode, modelOf, plainQuery };
