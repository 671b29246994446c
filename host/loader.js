/** Loads components' code: from their module's own folder, then from what the host brings along. */

'use strict';

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { HostError } = require('./errors');
const packages = require('./packages');

const PREFIX = 'host:';

/** Lets code below `root` find packages there and in the host, and nowhere else. */
function confine(root) {

    const { _load, _nodeModulePaths, _resolveFilename } = Module;
    const isInside = folder => folder === root || folder.startsWith(root + path.sep);
    Module._nodeModulePaths = function (from) {
        return _nodeModulePaths.call(this, from).filter(isInside);
    };
    Module.globalPaths.length = 0;
    Module._resolveFilename = function (request, ...rest) {
        try {
            return _resolveFilename.call(this, request, ...rest);
        } catch (err) {
            if (err.code === 'MODULE_NOT_FOUND' && packages.has(request)) return PREFIX + request;
            throw err;
        }
    };
    Module._load = function (request, parent, isMain) {
        if (packages.has(request) && Module._resolveFilename(request, parent, isMain).startsWith(PREFIX)) {
            return packages.load(request);
        }
        return _load.call(this, request, parent, isMain);
    };
}

/** The component's file: named as the component, else as its folder. */
function fileOf({ root, folder, type }) {

    const place = path.join(root, folder);
    const names = [type.split('.').at(-1), path.basename(folder)];
    const file = names.map(name => path.join(place, `${name}.js`)).find(name => fs.existsSync(name));
    if (file) return file;
    throw new HostError('missing', `The component ${type} is not there: its module has no ${folder}/${names[0]}.js.`, {
        name: 'ComponentNotFoundError', code: 'COMPONENT_NOT_FOUND'
    });
}

const requireFrom = root => Module.createRequire(path.join(root, 'package.json'));

/** Another file of the component's folder. */
function sibling({ root, folder }, name) {

    const place = path.join(root, folder);
    const file = path.join(place, `${name}.js`);
    if (!file.startsWith(root + path.sep)) throw new Error(`${name} is not in the module.`);
    return requireFrom(root)(file);
}

const components = new Map();

/** The component's module, loaded once a process. */
function load(invocation) {

    const place = `${invocation.folder}\0${invocation.type}`;
    const known = components.get(place);
    if (known) return known;
    const loaded = requireFrom(invocation.root)(fileOf(invocation));
    if (loaded === null || typeof loaded !== 'object' && typeof loaded !== 'function') {
        throw new TypeError(`${invocation.type} exports no component.`);
    }
    components.set(place, loaded);
    return loaded;
}

const manifests = new Map();

/** The manifest that the server gives, or the one on disk. */
function manifestOf(invocation) {

    if (invocation.context?.manifest) return invocation.context.manifest;
    const file = path.join(invocation.root, invocation.folder, 'component.json');
    if (!manifests.has(file)) manifests.set(file, fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {});
    return manifests.get(file);
}

module.exports = { confine, load, manifestOf, requireFrom, sibling };
