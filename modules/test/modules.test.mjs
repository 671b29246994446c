/** Every module: its files, names, manifests, icons and code. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './context.mjs';

const require = createRequire(import.meta.url);
const readJson = file => JSON.parse(fs.readFileSync(file, 'utf8'));

const MANIFEST_KEYS = new Set(('name label author private trigger inPorts outPorts firePatterns auth authConfig config tick webhook '
    + 'continuityScope icon marker description shape state quota properties localization version dependencies').split(' '));
const SERVICE_KEYS = new Set(['name', 'label', 'category', 'description', 'icon', 'version', 'documentation', 'configuration']);
const SCHEMA_KEYS = new Set(['type', 'properties', 'required', 'enum', 'default', 'minimum', 'maximum', 'items']);
const INPUT_TYPES = new Set(['text', 'textarea', 'number', 'toggle', 'select', 'multiselect', 'expression', 'date-time', 'filepicker']);
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;
const PREFIX = 'data:image/svg+xml;base64,';

const subfolders = folder => fs.readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);
const filesBelow = folder => fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
});
const order = (a, b) => a.split('.').map(Number).reduce((found, n, i) => found || n - Number(b.split('.')[i]), 0);

/** Reads SVG strictly: tags nest, attributes are quoted, nothing runs and nothing is fetched. */
function checkSvg(svg) {

    const open = [];
    let rest = svg.trim();
    assert.match(rest, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    while (rest) {
        const tag = /^<(\/?)([a-zA-Z]+)((?: [a-zA-Z:-]+="[^"<>&]*")*)\s*(\/?)>/.exec(rest);
        assert.ok(tag, `not well-formed at: ${rest.slice(0, 60)}`);
        const [all, closing, name, attributes, empty] = tag;
        assert.ok(['svg', 'g', 'path', 'rect', 'circle', 'ellipse', 'line'].includes(name), `element ${name}`);
        for (const [, attribute, value] of attributes.matchAll(/ ([a-zA-Z:-]+)="([^"]*)"/g)) {
            assert.doesNotMatch(attribute, /^on|href|style/i);
            assert.doesNotMatch(value, /url\(|javascript:/i);
        }
        if (closing) assert.equal(open.pop(), name);
        else if (!empty) open.push(name);
        rest = rest.slice(all.length);
        if (!open.length) assert.equal(rest, '', 'something follows the root');
    }
    assert.deepEqual(open, []);
}

function luminance(hex) {

    const [r, g, b] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16) / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);

/** An icon is a drawing that stays legible on light and on dark pages. */
function checkIcon(icon, source) {

    assert.ok(icon.startsWith(PREFIX), 'the icon is no SVG data URI');
    const svg = Buffer.from(icon.slice(PREFIX.length), 'base64').toString('utf8');
    assert.equal(svg, fs.readFileSync(source, 'utf8'), 'icon.svg and the icon of the manifest differ');
    checkSvg(svg);
    assert.match(svg, /viewBox="0 0 32 32"/);
    const tile = /fill="(#[0-9a-f]{6})"/.exec(svg)[1];
    for (const other of ['#ffffff', '#1c2023']) {
        assert.ok(contrast(tile, other) >= 3, `${tile} has too little contrast with ${other}`);
    }
}

function checkSchema(schema) {

    for (const key of Object.keys(schema)) assert.ok(SCHEMA_KEYS.has(key), `schema keyword ${key}`);
    for (const property of Object.values(schema.properties ?? {})) {
        checkSchema(property);
        if (property.enum && property.default !== undefined) assert.ok(property.enum.includes(property.default));
    }
    for (const name of schema.required ?? []) assert.ok(schema.properties[name], `required ${name} is not declared`);
}

function checkInspector({ schema, inspector }) {

    checkSchema(schema);
    assert.deepEqual(Object.keys(inspector.inputs), Object.keys(schema.properties), 'inspector and schema name different fields');
    Object.entries(inspector.inputs).forEach(([name, input], i) => {
        assert.ok(INPUT_TYPES.has(input.type), `input type ${input.type}`);
        assert.ok(input.label, `${name} has no label`);
        assert.equal(input.index, i + 1);
        if (input.defaultValue !== undefined && input.defaultValue !== '') assert.equal(input.defaultValue, schema.properties[name].default);
        if (schema.properties[name].enum) {
            assert.deepEqual(input.options.map(option => option.value), schema.properties[name].enum);
        }
        if (input.source) checkSource(input.source);
    });
}

/** A drop-down list is filled by a component that exists and has the function that is named. */
function checkSource({ url, data }) {

    const [, vendor, service, module, component, port] = /^\/component\/(\w+)\/(\w+)\/(\w+)\/(\w+)\?outPort=(\w+)$/.exec(url);
    assert.equal(vendor, 'stockroom');
    const folder = path.join(ROOT, service, module, component);
    assert.ok(readJson(path.join(folder, 'component.json')).outPorts.some(({ name }) => name === port));
    const [file, name] = data.transform.split('#');
    assert.equal(file, `./${component}`);
    assert.equal(typeof require(path.join(folder, `${component}.js`))[name], 'function');
}

const services = subfolders(ROOT);

describe('the collection', () => {

    it('has thirteen modules or more, three of them with six components or more, and a private component', () => {
        const counts = services.map(service => subfolders(path.join(ROOT, service, 'core')).length);
        assert.ok(services.length >= 13);
        assert.ok(counts.filter(count => count >= 6).length >= 3);
        const manifests = services.flatMap(service => subfolders(path.join(ROOT, service, 'core'))
            .map(name => readJson(path.join(ROOT, service, 'core', name, 'component.json'))));
        assert.ok(manifests.some(manifest => manifest.private === true));
    });

    it('gives every module an icon of its own', () => {
        const icons = services.map(service => readJson(path.join(ROOT, service, 'service.json')).icon);
        assert.equal(new Set(icons).size, icons.length);
    });

    it('keeps shared libraries the same in all modules that carry a copy', () => {
        for (const name of ['regex.js', 'compare.js', 'path.js', 'zone.js', 'once.js']) {
            const copies = services.map(service => path.join(ROOT, service, 'lib', name)).filter(file => fs.existsSync(file));
            assert.ok(copies.length > 1, `${name} has one copy only`);
            for (const file of copies) assert.equal(fs.readFileSync(file, 'utf8'), fs.readFileSync(copies[0], 'utf8'), `${file} differs`);
        }
    });
});

for (const service of services) describe(`module stockroom.${service}`, () => {

    const folder = path.join(ROOT, service);
    const manifest = readJson(path.join(folder, 'service.json'));
    const bundle = readJson(path.join(folder, 'bundle.json'));
    const components = subfolders(path.join(folder, 'core'));

    it('has a complete service.json', () => {
        for (const key of Object.keys(manifest)) assert.ok(SERVICE_KEYS.has(key), `key ${key}`);
        assert.equal(manifest.name, `stockroom.${service}`);
        for (const key of ['label', 'category', 'description']) assert.ok(manifest[key], key);
        assert.ok(manifest.description.length >= 40 && manifest.description.length <= 300);
        checkIcon(manifest.icon, path.join(folder, 'icon.svg'));
        if (manifest.documentation) assert.equal(new URL(manifest.documentation).protocol, 'https:');
    });

    it('has a bundle.json whose changelog ascends and holds the version', () => {
        assert.deepEqual(Object.keys(bundle), ['name', 'version', 'changelog', 'engine']);
        assert.equal(bundle.name, manifest.name);
        assert.equal(bundle.version, manifest.version);
        assert.equal(bundle.engine, '>=6.0');
        const versions = Object.keys(bundle.changelog);
        assert.ok(versions.length >= 1 && versions.length <= 4);
        for (const version of versions) {
            assert.match(version, SEMVER);
            assert.ok(bundle.changelog[version].length > 0 && bundle.changelog[version].every(text => typeof text === 'string' && text.length > 5));
        }
        assert.deepEqual(versions, [...versions].sort(order));
        assert.equal(versions.at(-1), bundle.version);
    });

    it('has a README with its name and all public components', () => {
        const readme = fs.readFileSync(path.join(folder, 'README.md'), 'utf8');
        assert.ok(readme.startsWith(`# ${manifest.label}\n`));
        for (const name of components) {
            const { label, private: hidden } = readJson(path.join(folder, 'core', name, 'component.json'));
            if (!hidden) assert.ok(readme.includes(label), `the README does not mention ${label}`);
        }
        if (manifest.documentation) assert.ok(readme.includes(manifest.documentation));
    });

    it('needs nothing but Node', () => {
        for (const file of filesBelow(folder)) {
            assert.ok(!['package.json', 'module.json'].includes(path.basename(file)), file);
            if (!file.endsWith('.js')) continue;
            const source = fs.readFileSync(file, 'utf8');
            assert.ok(source.startsWith('\'use strict\';\n'), `${file} is not strict`);
            for (const [, target] of source.matchAll(/require\(['"]([^'"]+)['"]\)/g)) {
                if (target.startsWith('node:')) assert.ok(builtinModules.includes(target.slice(5)), target);
                else assert.ok(path.resolve(path.dirname(file), target).startsWith(folder + path.sep), `${file} requires ${target}`);
            }
            require(file);
        }
    });

    it('carries an auth.js exactly when a component asks for an account', () => {
        const asking = components.filter(name => readJson(path.join(folder, 'core', name, 'component.json')).auth);
        const file = path.join(folder, 'auth.js');
        assert.equal(fs.existsSync(file), asking.length > 0);
        if (!asking.length) return;
        const auth = require(file);
        assert.ok(['apiKey', 'pwd', 'oauth2'].includes(auth.type));
        const { definition } = auth;
        assert.equal(typeof definition.accountNameFromProfileInfo, 'function');
        if (auth.type === 'oauth2') {
            for (const key of ['authUrl', 'requestAccessToken', 'refreshAccessToken', 'requestProfileInfo', 'validateAccessToken']) {
                assert.equal(typeof definition[key], 'function', key);
            }
            assert.ok(manifest.documentation, 'a module with OAuth needs a link to its documentation');
        } else {
            assert.equal(typeof definition.validate, 'function');
            assert.ok(Object.values(definition.auth).every(field => field.type && field.name));
        }
    });

    for (const name of components) it(`component ${name} keeps its promises`, () => {
        const home = path.join(folder, 'core', name);
        const component = readJson(path.join(home, 'component.json'));
        for (const key of Object.keys(component)) assert.ok(MANIFEST_KEYS.has(key), `key ${key}`);
        assert.equal(component.name, `stockroom.${service}.core.${name}`);
        assert.equal(component.author, 'Stockroom');
        assert.match(component.version, SEMVER);
        assert.ok(component.label && component.description.length >= 20);
        if (component.icon) checkIcon(component.icon, path.join(home, 'icon.svg'));
        if (component.auth) assert.equal(component.auth.service, `stockroom:${service}`);
        if (component.quota) assert.ok(fs.existsSync(path.join(folder, 'quota.js')));

        assert.equal(Boolean(component.trigger), !component.inPorts, 'a trigger is a component without input ports');
        for (const port of component.inPorts ?? []) if (port.schema) checkInspector(port);
        if (component.properties) checkInspector(component.properties);
        assert.ok(component.outPorts.length > 0);
        for (const { name: port, options, source } of component.outPorts) {
            if (source) checkSource(source);
            assert.match(port, /^[a-z][A-Za-z0-9]*$/);
            assert.ok(options.length && options.every(option => option.label && option.value));
        }

        const code = require(path.join(home, `${name}.js`));
        if (component.inPorts || component.webhook) assert.equal(typeof code.receive, 'function', 'receive');
        if (component.tick) assert.equal(typeof code.tick, 'function', 'tick');
        assert.equal(typeof code.tick === 'function', Boolean(component.tick), 'tick without the flag');
        if (component.trigger) assert.ok(component.tick || component.webhook, 'a trigger that nothing triggers');
    });
});
