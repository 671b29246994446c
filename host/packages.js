/** Packages that components may require without bringing them along, each loaded when first asked for. */

'use strict';

const PACKAGES = {
    'ajv': () => require('ajv'),
    'ajv-errors': () => require('ajv-errors'),
    'ajv-formats': () => require('ajv-formats'),
    'appmixer-lib': () => require('./appmixer-lib'),
    'axios': () => require('axios'),
    'bluebird': () => require('bluebird'),
    'form-data': () => require('form-data'),
    'jsonata': () => require('jsonata'),
    'lodash': () => require('lodash'),
    'moment': () => require('moment'),
    'moment-timezone': () => require('moment-timezone'),
    'uuid': () => require('uuid')
};

/** `lodash/get` and `uuid/v4` are members of their packages. */
const BY_MEMBER = new Set(['lodash', 'uuid']);

const split = request => {
    const [name, ...rest] = request.split('/');
    return [name, rest.join('/').replace(/\.js$/, '')];
};

/** Whether the request is for one of them. */
function has(request) {

    const [name, member] = split(request);
    return Object.hasOwn(PACKAGES, name) && (!member || (BY_MEMBER.has(name) && member in PACKAGES[name]()));
}

function load(request) {

    const [name, member] = split(request);
    return member ? PACKAGES[name]()[member] : PACKAGES[name]();
}

module.exports = { has, load };
