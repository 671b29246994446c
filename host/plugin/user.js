/** Who asks a route. */

'use strict';

/** An id that is a text to everybody else. */
class Id extends String {

    equals(other) {

        return String(this) === String(other);
    }
}

/** Stands for whoever has not signed in. */
const PUBLIC_USER_ID = new Id('public');

const users = new WeakMap();

/** Remembers who has sent a request: `{id, email}`, or nothing. */
function remember(request, user) {

    users.set(request, {
        getId: () => user ? new Id(user.id) : PUBLIC_USER_ID,
        getEmail: () => user?.email ?? null
    });
}

function userOf(request) {

    const user = users.get(request);
    if (!user) throw new TypeError('context.http.auth.getUser takes the request that the handler got.');
    return user;
}

module.exports = { PUBLIC_USER_ID, remember, userOf };
