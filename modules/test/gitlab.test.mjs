import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Component, cancels, fails, httpRequest, serve } from './context.mjs';

const require = createRequire(import.meta.url);
const { definition } = require('../stockroom/gitlab/auth.js');

const TOKEN = 'token-1';
const at = n => new Date(Date.parse('2024-01-01T00:00:00Z') + n * 1000).toISOString();
const issue = (n, rest = {}) => ({
    id: 1000 + n, iid: n, title: `Issue ${n}`, description: null, state: 'opened', labels: [], author: { username: 'ann' }, assignees: [{ username: 'bob' }],
    milestone: null, due_date: null, confidential: false, web_url: `https://gitlab.example/i/${n}`, created_at: at(n), updated_at: at(n), ...rest
});

/** A GitLab with one project, as far as the components use it. */
async function gitlab(t, issues = []) {

    const state = { issues, notes: [], merge_requests: [], down: false };
    const server = await serve(t, ({ method, path, query, headers, body }) => {
        if (state.down) return { status: 503, body: { message: 'Down' } };
        if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { message: '401 Unauthorized' } };
        if (path === '/api/v4/user') return { body: { id: 7, username: 'ann', name: 'Ann', web_url: 'https://gitlab.example/ann', email: 'x' } };
        const list = all => {
            const sorted = all.filter(item => !query.created_after || item.created_at >= query.created_after)
                .filter(item => !query.labels || query.labels.split(',').every(label => item.labels.includes(label)))
                .filter(item => !query.target_branch || item.target_branch === query.target_branch)
                .filter(item => !query.state || query.state === 'all' || item.state === query.state)
                .sort((a, b) => (query.sort === 'asc' ? 1 : -1) * a.created_at?.localeCompare(b.created_at));
            const page = Number(query.page ?? 1);
            const size = Number(query.per_page ?? 20);
            return { headers: { 'x-next-page': sorted.length > page * size ? String(page + 1) : '' }, body: sorted.slice((page - 1) * size, page * size) };
        };
        if (path === '/api/v4/projects') return list(Array.from({ length: 120 }, (none, i) => ({ id: i + 1, path_with_namespace: `group/p${i + 1}`, created_at: at(i) })));
        const [, rest] = /^\/api\/v4\/projects\/group%2Fproject\/(.*)$/.exec(path) ?? [];
        if (rest === undefined) return { status: 404, body: { message: '404 Project Not Found' } };
        if (method === 'GET') return list(state[rest]);
        const data = JSON.parse(body);
        if (method === 'POST' && rest === 'issues') {
            if (data.title === 'bad') return { status: 400, body: { message: { labels: ['are wrong'] } } };
            return { status: 201, body: issue(9, { title: data.title, description: data.description, labels: data.labels?.split(',') ?? [], due_date: data.due_date }) };
        }
        if (method === 'PUT') return { body: issue(3, { state: data.state_event === 'close' ? 'closed' : 'opened' }) };
        return { status: 201, body: { id: 5, body: data.body, author: { username: 'ann' }, created_at: at(1) } };
    });
    const make = (name, properties) => new Component(`gitlab.${name}`, {
        properties, auth: { accessToken: TOKEN }, config: { baseUrl: `${server.url}/`, clientId: 'id', clientSecret: 'shh' }
    });
    return { state, server, make };
}

const numbers = sent => sent.map(({ content }) => content.iid);

describe('New issue', () => {

    it('remembers at first, then sends new issues oldest first and once', async t => {
        const { state, make } = await gitlab(t, [issue(1), issue(2)]);
        const trigger = make('NewIssue', { projectId: 'group/project' });
        await trigger.start();
        assert.deepEqual(await trigger.tick(), []);
        assert.deepEqual(await trigger.tick(), []);
        // Two issues of the same second: GitLab gives both again, since its limit is inclusive.
        state.issues.push(issue(5), issue(4, { created_at: at(5) }), issue(3));
        assert.deepEqual(numbers(await trigger.tick()).sort(), [3, 4, 5]);
        assert.deepEqual(await trigger.tick(), []);
        state.issues.push(issue(6, { created_at: at(5) }));
        const [sent] = await trigger.tick();
        assert.deepEqual(sent.content, {
            id: 1006, iid: 6, title: 'Issue 6', description: '', state: 'opened', labels: [], author: 'ann', assignees: ['bob'], milestone: null,
            dueDate: null, confidential: false, url: 'https://gitlab.example/i/6', created: at(5), updated: at(6)
        });
    });

    it('sends the first issue of an empty project', async t => {
        const { state, make } = await gitlab(t);
        const trigger = make('NewIssue', { projectId: 'group/project' });
        await trigger.tick();
        state.issues.push(issue(1));
        assert.deepEqual(numbers(await trigger.tick()), [1]);
    });

    it('reads further pages and filters by label', async t => {
        const { state, make, server } = await gitlab(t);
        const trigger = make('NewIssue', { projectId: 'group/project', labels: ' bug , ui' });
        await trigger.tick();
        for (let n = 1; n <= 150; n++) state.issues.push(issue(n, { labels: n % 10 ? ['bug', 'ui'] : ['bug'] }));
        assert.equal((await trigger.tick()).length, 135);
        assert.equal(server.requests.at(-1).query.labels, 'bug,ui');
        assert.deepEqual(await trigger.tick(), []);
    });

    it('goes on where it was after a failure', async t => {
        const { state, make } = await gitlab(t);
        const trigger = make('NewIssue', { projectId: 'group/project' });
        await trigger.tick();
        state.issues.push(issue(1), issue(2), issue(3));
        state.down = true;
        await fails(trigger.tick(), /status 503: Down/);
        state.down = false;
        const accept = trigger.accept;
        trigger.accept = function (content, ...rest) {
            if (content.iid === 2) throw new Error('the queue is down');
            return accept.call(this, content, ...rest);
        };
        await fails(trigger.tick(), /queue/);
        trigger.accept = accept;
        await trigger.tick();
        assert.deepEqual(numbers(trigger.sent), [1, 2, 3]);
    });

    it('refuses to start without a project', async t => {
        const { make } = await gitlab(t);
        for (const projectId of ['project', '../x', 'a/b?c']) await cancels(make('NewIssue', { projectId }).start(), /ID or a path/);
    });
});

describe('New merge request', () => {

    it('sends new ones into the branch', async t => {
        const { state, make } = await gitlab(t);
        const trigger = make('NewMergeRequest', { projectId: 'group/project', targetBranch: 'main' });
        await trigger.tick();
        state.merge_requests.push({ ...issue(1), source_branch: 'fix', target_branch: 'main', draft: true }, { ...issue(2), source_branch: 'x', target_branch: 'old' });
        const [sent, ...more] = await trigger.tick();
        assert.deepEqual(more, []);
        assert.deepEqual([sent.content.iid, sent.content.sourceBranch, sent.content.draft], [1, 'fix', true]);
    });
});

describe('GitLab actions', () => {

    it('Create issue sends what is given and nothing else', async t => {
        const { server, make } = await gitlab(t);
        const created = await make('CreateIssue').out({ projectId: 'group/project', title: ' Broken ', description: 'It is', labels: 'bug, ui', assigneeIds: '1, 2', dueDate: '2024-02-01' });
        assert.deepEqual([created.iid, created.title, created.labels, created.dueDate], [9, 'Broken', ['bug', 'ui'], '2024-02-01']);
        assert.deepEqual(JSON.parse(server.requests[0].body), { title: 'Broken', description: 'It is', labels: 'bug,ui', assignee_ids: [1, 2], due_date: '2024-02-01' });
        await make('CreateIssue').out({ projectId: 'group/project', title: 'x' });
        assert.deepEqual(JSON.parse(server.requests[1].body), { title: 'x' });
    });

    it('Create issue checks its input and passes on why GitLab refuses', async t => {
        const { server, make } = await gitlab(t);
        const create = content => make('CreateIssue').receive({ projectId: 'group/project', title: 'x', ...content });
        await cancels(create({ title: ' ' }), /1 to 255/);
        await cancels(create({ assigneeIds: 'bob' }), /numbers/);
        await cancels(create({ dueDate: '1.2.2024' }), /YYYY-MM-DD/);
        assert.equal(server.requests.length, 0);
        await cancels(create({ title: 'bad' }), /status 400: labels are wrong/);
        await cancels(create({ projectId: '42' }), /404 Project Not Found/);
    });

    it('Update issue changes what is given', async t => {
        const { server, make } = await gitlab(t);
        const updated = await make('UpdateIssue').out({ projectId: 'group/project', iid: '3', addLabels: 'done', state: 'close' });
        assert.equal(updated.state, 'closed');
        assert.deepEqual([server.requests[0].method, server.requests[0].path], ['PUT', '/api/v4/projects/group%2Fproject/issues/3']);
        assert.deepEqual(JSON.parse(server.requests[0].body), { add_labels: 'done', state_event: 'close' });
        await cancels(make('UpdateIssue').receive({ projectId: 'group/project', iid: 3 }), /Nothing to change/);
    });

    it('Add comment writes on issues and merge requests', async t => {
        const { server, make } = await gitlab(t);
        assert.deepEqual(await make('AddComment').out({ projectId: 'group/project', iid: 3, body: 'Hi' }), { id: 5, body: 'Hi', author: 'ann', created: at(1) });
        await make('AddComment').out({ projectId: 'group/project', on: 'merge_requests', iid: 4, body: 'Hi', internal: true });
        assert.deepEqual(server.requests.map(({ path }) => path.split('project/')[1]), ['issues/3/notes', 'merge_requests/4/notes']);
        assert.deepEqual(JSON.parse(server.requests[1].body), { body: 'Hi', internal: true });
        await cancels(make('AddComment').receive({ projectId: 'group/project', iid: 3, body: ' ' }), /empty/);
    });

    it('Find issues reads pages up to the limit', async t => {
        const { server, make } = await gitlab(t, Array.from({ length: 250 }, (none, n) => issue(n + 1)));
        const all = await make('FindIssues').out({ projectId: 'group/project', limit: 1000, search: 'x' });
        assert.deepEqual([all.count, all.truncated, all.issues[0].iid], [250, false, 250]);
        assert.deepEqual([server.requests.length, server.requests[2].query.page, server.requests[0].query.search, server.requests[0].query.state], [3, '3', 'x', 'opened']);
        const some = await make('FindIssues').out({ projectId: 'group/project', limit: 100, state: 'all' });
        assert.deepEqual([some.count, some.truncated, server.requests.length, server.requests[3].query.state], [100, true, 4, undefined]);
    });

    it('List projects fills a drop-down list', async t => {
        const { make } = await gitlab(t);
        const component = make('ListProjects');
        const content = await component.out({});
        assert.equal(content.projects.length, 120);
        assert.deepEqual(component.module.toSelectArray({ projects: content.projects.filter(({ id }) => id === 2) }), [{ label: 'group/p2', value: '2' }]);
    });

    it('is tried again when the token has run out, and never shows it', async t => {
        const { make } = await gitlab(t);
        const component = make('FindIssues');
        component.auth = { accessToken: 'expired-token' };
        await fails(component.receive({ projectId: 'group/project' }).catch(err => {
            assert.doesNotMatch(`${err.message}${JSON.stringify(err)}`, /expired-token/);
            throw err;
        }), /status 401/);
    });
});

describe('signing in to GitLab', () => {

    const base = { clientId: 'id', clientSecret: 'shh', callbackUrl: 'https://engine.example/auth/cb?x=1', ticket: 'ticket-1', httpRequest };

    it('sends the user to the right page', () => {
        const url = new URL(definition.authUrl({ ...base, scope: ['api'], baseUrl: 'https://git.example/sub/' }));
        assert.equal(url.origin + url.pathname, 'https://git.example/sub/oauth/authorize');
        assert.deepEqual(Object.fromEntries(url.searchParams), { client_id: 'id', redirect_uri: base.callbackUrl, response_type: 'code', state: 'ticket-1', scope: 'api' });
        assert.match(definition.authUrl(base), /^https:\/\/gitlab\.com\/oauth\/authorize\?/);
        assert.throws(() => definition.authUrl({ ...base, baseUrl: 'javascript:alert(1)' }), /not a URL/);
    });

    it('exchanges the code and renews the token', async t => {
        const server = await serve(t, ({ body }) => {
            const form = Object.fromEntries(new URLSearchParams(body));
            if (form.code === 'wrong') return { status: 400, body: { error: 'invalid_grant', error_description: `secret ${form.client_secret}` } };
            return { body: { access_token: `a-${form.grant_type}`, refresh_token: 'r2', expires_in: 7200, token_type: 'Bearer' } };
        });
        const context = { ...base, baseUrl: server.url, authorizationCode: 'c1', refreshToken: 'r1' };
        const first = await definition.requestAccessToken(context);
        assert.deepEqual([first.accessToken, first.refreshToken], ['a-authorization_code', 'r2']);
        assert.ok(Math.abs(first.accessTokenExpDate - Date.now() - 7200000) < 5000);
        assert.equal((await definition.refreshAccessToken(context)).accessToken, 'a-refresh_token');
        assert.equal(server.requests[0].path, '/oauth/token');
        assert.deepEqual(server.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body))), [
            { client_id: 'id', client_secret: 'shh', redirect_uri: base.callbackUrl, grant_type: 'authorization_code', code: 'c1' },
            { client_id: 'id', client_secret: 'shh', redirect_uri: base.callbackUrl, grant_type: 'refresh_token', refresh_token: 'r1' }
        ]);
        await assert.rejects(definition.requestAccessToken({ ...context, authorizationCode: 'wrong' }), err => {
            assert.match(err.message, /status 400, invalid_grant/);
            assert.doesNotMatch(err.message, /shh/);
            return true;
        });
    });

    it('knows who signed in, and notices a dead token', async t => {
        const { server } = await gitlab(t);
        const context = { ...base, baseUrl: server.url, accessToken: TOKEN };
        const profileInfo = await definition.requestProfileInfo(context);
        assert.deepEqual(profileInfo, { id: 7, username: 'ann', name: 'Ann', url: 'https://gitlab.example/ann' });
        assert.equal(definition.accountNameFromProfileInfo({ profileInfo }), 'ann');
        assert.equal(await definition.validateAccessToken(context), true);
        await assert.rejects(definition.validateAccessToken({ ...context, accessToken: 'dead' }), /status 401/);
    });
});
