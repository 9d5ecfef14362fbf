//! Whom the loop tells besides whoever started it: the notifications of `towpath.yaml`.
//!
//! Nothing of this is waited for while the loop runs, and what cannot be delivered stops nothing: it is a note on
//! standard error.

use std::sync::mpsc::{Receiver, channel};

use jiff::Timestamp;
use towpath_adapters::notify::Messenger;
use towpath_engine::notify::Told;
use towpath_engine::turn::Turn;

use super::super::print::Printer;

/// What was told, and who carries it.
pub(super) struct Mail {
    told: Told,
    messenger: Messenger,
    complaints: Receiver<String>,
}

impl Mail {
    /// A process begins at this time.
    pub(super) fn since(now: Timestamp) -> Self {
        let (complain, complaints) = channel();
        let messenger = Messenger::for_user(move |why| {
            let _ = complain.send(why);
        });
        // Records know whole seconds.
        let since = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { told: Told::since(since), messenger, complaints }
    }

    /// Sends what a turn gives to tell, and what was held back and is due. When the next is due.
    pub(super) fn turn(
        &mut self,
        turn: Option<&Turn>,
        now: Timestamp,
        printer: &Printer,
    ) -> Option<Timestamp> {
        let letters = match turn {
            None => self.told.due(now),
            Some(Turn { view, plan, .. }) => {
                let stated = &view.survey.stated.notifications;
                self.told.turn(stated, view.path(), &view.snapshot.history, plan, now)
            }
        };
        letters.into_iter().for_each(|letter| self.messenger.send(letter));
        self.complaints.try_iter().for_each(|why| printer.note(&why));
        self.told.due_at()
    }

    /// Sends all that is left and waits for it: the process ends.
    pub(super) fn finish(mut self, printer: &Printer) {
        for letter in self.told.rest() {
            self.messenger.send(letter);
        }
        self.messenger.finish();
        self.complaints.try_iter().for_each(|why| printer.note(&why));
    }
}
