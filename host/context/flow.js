/** The flow that the component is in: read only when it is asked for, since it may be large. */

'use strict';

module.exports = run => ({
    get flowDescriptor() { return run.given.flow ?? {}; }
});
