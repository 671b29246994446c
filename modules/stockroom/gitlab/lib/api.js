'use strict';

/** The REST API of GitLab, version 4 (https://docs.gitlab.com/api/rest/). */

const PER_PAGE = 100;

/** The address of the server without a slash at the end. In auth.js the configuration lies in the context itself. */
function baseUrl(context) {

    const base = String(context.config?.baseUrl || context.baseUrl || 'https://gitlab.com').trim().replace(/\/+$/, '');
    if (!/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/.test(base)) throw new Error('The address of the GitLab server (baseUrl) is not a URL.');
    return base;
}

/** What GitLab says about a refused request: text, a list, or an object of lists. */
function reasonOf(data) {

    const message = data?.message ?? data?.error_description ?? data?.error ?? '';
    if (typeof message === 'string') return message;
    if (Array.isArray(message)) return message.join(', ');
    return Object.entries(message).map(([field, texts]) => `${field} ${[].concat(texts).join(', ')}`).join('; ');
}

async function request(context, method, path, { params, data } = {}) {

    let response;
    try {
        response = await context.httpRequest({
            url: `${baseUrl(context)}/api/v4${path}`,
            method,
            params,
            data,
            headers: { authorization: `Bearer ${context.auth?.accessToken ?? context.accessToken}`, 'user-agent': 'Stockroom' },
            timeout: 30000,
            maxContentLength: 20_000_000,
            validateStatus: () => true
        });
    } catch (err) {
        // The cause holds the request with its token, so only its code goes on.
        throw new Error(`GitLab could not be reached${err.code ? ` (${err.code})` : ''}.`);
    }
    const { status } = response;
    if (status >= 200 && status < 300) return response;
    const reason = reasonOf(response.data).slice(0, 300);
    const message = `GitLab answered with status ${status}${reason ? `: ${reason}` : ''}.`;
    // 401 may pass: the engine renews the token before the next try.
    if (status >= 500 || [401, 408, 409, 429].includes(status) || !context.CancelError) throw new Error(message);
    throw new context.CancelError(message);
}

/** The items of as many pages as needed for `limit`; `more` tells whether there would be others. */
async function list(context, path, params, limit) {

    const items = [];
    let page = 1;
    for (;;) {
        const response = await request(context, 'GET', path, { params: { ...params, per_page: PER_PAGE, page } });
        items.push(...response.data);
        const next = Number(response.headers['x-next-page']);
        if (items.length >= limit || !next) return { items: items.slice(0, limit), more: items.length > limit || Boolean(next) };
        if (next <= page) throw new Error('GitLab gave pages in a circle.');
        page = next;
    }
}

/** An ID or a path such as `group/project`, ready for a URL. */
function project(context, id) {

    const text = String(id ?? '').trim();
    if (!/^\d+$/.test(text) && (!/^[\w.-]+(\/[\w.-]+)+$/.test(text) || /(^|\/)\.+(\/|$)/.test(text))) {
        throw new context.CancelError('The project must be an ID or a path such as group/project.');
    }
    return `/projects/${encodeURIComponent(text)}`;
}

function number(context, iid) {

    if (!Number.isInteger(iid) || iid < 1) throw new context.CancelError('The number must be a whole number from 1.');
    return iid;
}

const names = text => String(text ?? '').split(',').map(name => name.trim()).filter(Boolean);

function dueDate(context, value) {

    const text = String(value).trim();
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw new context.CancelError('The due date must have the form YYYY-MM-DD.');
    return text;
}

const people = list => (list ?? []).map(person => person.username);

const issue = data => ({
    id: data.id,
    iid: data.iid,
    title: data.title,
    description: data.description ?? '',
    state: data.state,
    labels: data.labels ?? [],
    author: data.author?.username ?? null,
    assignees: people(data.assignees),
    milestone: data.milestone?.title ?? null,
    dueDate: data.due_date ?? null,
    confidential: Boolean(data.confidential),
    url: data.web_url,
    created: data.created_at,
    updated: data.updated_at
});

const mergeRequest = data => ({
    id: data.id,
    iid: data.iid,
    title: data.title,
    description: data.description ?? '',
    state: data.state,
    draft: Boolean(data.draft),
    sourceBranch: data.source_branch,
    targetBranch: data.target_branch,
    labels: data.labels ?? [],
    author: data.author?.username ?? null,
    assignees: people(data.assignees),
    url: data.web_url,
    created: data.created_at,
    updated: data.updated_at
});

module.exports = { baseUrl, request, list, project, number, names, dueDate, issue, mergeRequest };
