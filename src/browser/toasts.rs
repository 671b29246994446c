//! Short messages at the edge of the page, with an optional way back.

use leptos::prelude::*;

/// What a message's "Undo" sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// Address of a form's action.
    pub action: String,
    /// Its fields, URL-encoded.
    pub body: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub id: u32,
    pub text: String,
    pub is_bad: bool,
    pub undo: Option<Undo>,
}

/// The messages that show now.
#[derive(Clone, Copy)]
pub struct Toasts {
    pub list: RwSignal<Vec<Toast>>,
}

impl Toasts {
    fn new() -> Self {
        Self { list: RwSignal::new(Vec::new()) }
    }

    /// Takes a message away.
    pub fn drop(self, id: u32) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}

#[cfg(not(feature = "hydrate"))]
pub fn toasts() -> Toasts {
    Toasts::new()
}

#[cfg(feature = "hydrate")]
pub use browser::toasts;

#[cfg(feature = "hydrate")]
mod browser {
    use std::{
        cell::{Cell, OnceCell},
        time::Duration,
    };

    use leptos::prelude::*;

    use super::{Toast, Toasts, Undo};

    /// How long a message stays: long enough to read it and to reach for its button.
    const STAY: Duration = Duration::from_secs(12);

    thread_local! {
        static TOASTS: OnceCell<Toasts> = const { OnceCell::new() };
        /// Never given out twice: a timer that outlives its message must not take another one away.
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }

    /// The messages of this page.
    pub fn toasts() -> Toasts {
        TOASTS.with(|toasts| *toasts.get_or_init(Toasts::new))
    }

    impl Toasts {
        pub fn say(self, text: impl Into<String>, undo: Option<Undo>) {
            self.push(text.into(), false, undo);
        }

        pub fn fail(self, text: impl Into<String>) {
            self.push(text.into(), true, None);
        }

        fn push(self, text: String, is_bad: bool, undo: Option<Undo>) {
            let id = NEXT.replace(NEXT.get() + 1);
            self.list.update(|list| list.push(Toast { id, text, is_bad, undo }));
            set_timeout(move || self.drop(id), STAY);
        }
    }
}
