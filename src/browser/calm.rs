//! Waiting until somebody pauses.

use std::time::Duration;

use leptos::prelude::*;

/// Runs one thing once nobody has asked for it for a while. To ask again costs next to nothing, so it may be done at every key
/// press: the timer stays, and waits again where it was not calm. Ends with the part of the page that
/// makes it.
#[derive(Clone, Copy, Default)]
pub struct Calm {
    state: StoredValue<State>,
}

/// Points in time, in ms since the page was opened.
#[derive(Clone, Copy, Default)]
struct State {
    /// When it is to run; `None` once it has.
    due: Option<f64>,
    /// When the timer fires that counts; others do nothing.
    fires: Option<f64>,
}

impl Calm {
    /// Runs `run`, the same at every call, once `pause` has passed without another.
    pub fn after(self, pause: Duration, run: impl Fn() + Copy + 'static) {
        let due = now() + ms(pause);
        let is_late = self.state.try_update_value(|state| {
            state.due = Some(due);
            state.fires.is_none_or(|fires| fires > due)
        });
        if is_late == Some(true) {
            self.wait(pause, run);
        }
    }

    fn wait(self, pause: Duration, run: impl Fn() + Copy + 'static) {
        let fires = Some(now() + ms(pause));
        self.state.update_value(|state| state.fires = fires);
        let fired = move || match self.state.try_get_value() {
            Some(State { due: Some(due), fires: last }) if last == fires => {
                let left = due - now();
                if left > 0.0 {
                    self.wait(Duration::from_secs_f64(left / 1000.0), run);
                } else {
                    self.state.set_value(State::default());
                    run();
                }
            }
            _ => {}
        };
        set_timeout(fired, pause);
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Milliseconds since the page was opened. Where nobody counts them, nothing is waited for.
fn now() -> f64 {
    thread_local! {
        static CLOCK: Option<web_sys::Performance> = window().performance();
    }
    CLOCK.with(|clock| clock.as_ref().map_or(f64::INFINITY, web_sys::Performance::now))
}
