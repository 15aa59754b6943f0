//! Brings one target what is new: plan, send until it is taken, confirm.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::book::{Book, Follows, Past, Plan};
use super::config::{From, Target};
use super::render::{Renderer, Told};
use super::sinks::{self, Parcel, Sink, Trouble};
use super::source::{News, Source, Taker};
use super::{ExportError, Halt};
use crate::Clock;

/// No more than so many bytes go at once.
const HEAVY: usize = 1 << 20;
/// How long nothing new is waited for before it is looked again.
const IDLE: Duration = Duration::from_secs(1);
/// How long is waited after the first failure, and after many.
const SHORTLY: Duration = Duration::from_millis(500);
const LATER: Duration = Duration::from_secs(60);
/// How often a target that stays away is told of in the log.
const REMIND: Duration = Duration::from_secs(60);

pub(super) struct Courier {
    name: String,
    book: Book,
    source: Source,
    renderer: Renderer,
    sink: Box<dyn Sink>,
    /// So many events go at once.
    most: usize,
    halt: Arc<Halt>,
    clock: Clock,
}

/// How it goes on.
enum Next {
    More,
    /// There is nothing to send.
    Nothing,
    /// The house closes.
    Over,
}

/// What goes at once.
struct Batch<'r> {
    renderer: &'r Renderer,
    told: Vec<Told>,
    next: u64,
    bytes: usize,
    most: usize,
}

impl Taker for Batch<'_> {
    fn take(&mut self, news: News) {
        if let Some(told) = self.renderer.tell(&news, self.next) {
            self.next += 1;
            self.bytes += told.json.len();
            self.told.push(told);
        }
    }

    fn is_full(&self) -> bool {
        self.told.len() >= self.most || self.bytes >= HEAVY
    }

    fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl Courier {
    /// Opens the target's book. `now` is what there is to tell before anything new happens.
    pub(super) fn new(
        target: Target,
        folder: &Path,
        now: &Past,
        source: Source,
        halt: Arc<Halt>,
        clock: Clock,
        version: String,
    ) -> Result<Self, ExportError> {
        let nothing = Past::default();
        let new = match target.from {
            From::Now => now,
            From::Beginning => &nothing,
        };
        let book = Book::open(folder, &target.name, follows(&target), new, now)?;
        let sink = sinks::open(&target, book.stream());
        let renderer = Renderer::new(&target, version, sink.longest(), sink.is_ascii());
        Ok(Self { most: sink.most(), name: target.name, book, source, renderer, sink, halt, clock })
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        metrics::counter!("sluice_export_events_total", "target" => self.name.clone()).increment(0);
        metrics::counter!("sluice_export_failures_total", "target" => self.name.clone())
            .increment(0);
        let mut taken_up = false;
        while !self.halt.is_over() {
            let next = if taken_up { self.round() } else { self.resume() };
            match next {
                Ok(Next::More) => taken_up = true,
                Ok(Next::Over) => return,
                Ok(Next::Nothing) if self.halt.is_draining() => return,
                Ok(Next::Nothing) => {
                    self.lags(self.source.stuck());
                    self.source.wait(IDLE);
                }
                Err(error) => {
                    self.failed(&error.to_string(), "what happened cannot be read or kept in mind");
                    if self.halt.is_draining() {
                        return;
                    }
                    self.halt.wait(IDLE);
                }
            }
        }
    }

    /// One batch.
    fn round(&mut self) -> Result<Next, ExportError> {
        let next = self.book.next();
        let (renderer, most) = (&self.renderer, self.most);
        let mut batch = Batch { renderer, told: Vec::new(), next, bytes: 0, most };
        let legs = self.source.gather(&mut self.book, &mut batch)?;
        let told = batch.told;
        let count = told.len() as u64;
        let plan = Plan { legs, count, wording: self.renderer.wording() };
        if told.is_empty() {
            // That something was passed over is worth a note when it need not be read again.
            if plan.legs.iter().any(|leg| leg.ended) {
                self.persist("that nothing was to be sent cannot be noted", |courier| {
                    courier.book.confirm(&plan)
                });
            }
            return Ok(if plan.legs.is_empty() { Next::Nothing } else { Next::More });
        }
        let sent = self
            .persist("what is to be sent cannot be noted", |courier| courier.book.begin(&plan))
            && self.deliver(&told)
            && self.persist("what was sent cannot be noted", |courier| courier.book.confirm(&plan));
        // What was not sent is in the plan, or still where it was read.
        Ok(if sent { Next::More } else { Next::Over })
    }

    /// Sends what was being sent when the process ended.
    fn resume(&mut self) -> Result<Next, ExportError> {
        let Some(plan) = self.book.plan()? else { return Ok(Next::More) };
        let next = self.book.next();
        let most = usize::MAX;
        let renderer = &self.renderer;
        let mut batch = Batch { renderer, told: Vec::new(), next, bytes: 0, most };
        let same = plan.wording == self.renderer.wording()
            && self.source.again(&plan.legs, &mut batch)?
            && batch.told.len() as u64 == plan.count;
        let told = batch.told;
        if !same {
            tracing::warn!(
                receiver = self.name,
                "what was being exported is worded otherwise now: it goes under other numbers"
            );
            self.source.lose_track();
            let given_up = self.persist("that numbers are left out cannot be noted", |courier| {
                courier.book.give_up(&plan)
            });
            return Ok(if given_up { Next::More } else { Next::Over });
        }
        // Until this is through nothing else may go under these numbers.
        let sent = self.deliver(&told)
            && self.persist("what was sent cannot be noted", |courier| courier.book.confirm(&plan));
        Ok(if sent { Next::More } else { Next::Over })
    }

    /// Sends until it is taken. `false`: the house closes.
    fn deliver(&mut self, told: &[Told]) -> bool {
        let mut left = told;
        let mut most = told.len();
        let mut tries = 0_u32;
        let (since, mut said) = (Instant::now(), None::<Instant>);
        self.behind(left.first());
        while let Some(first) = left.first() {
            if self.halt.is_over() {
                return false;
            }
            let part = left.get(..most.min(left.len())).unwrap_or(left);
            let parcel = Parcel { told: part, now: self.clock.now() };
            let Err(trouble) = self.sink.send(&parcel) else {
                left = left.get(part.len()..).unwrap_or_default();
                let count = part.len() as u64;
                metrics::counter!("sluice_export_events_total", "target" => self.name.clone())
                    .increment(count);
                if tries > 0 {
                    tracing::info!(receiver = self.name, "the target takes events again");
                }
                (tries, said) = (0, None);
                continue;
            };
            metrics::counter!("sluice_export_failures_total", "target" => self.name.clone())
                .increment(1);
            self.behind(Some(first));
            if trouble.too_much && part.len() > 1 {
                most = part.len() / 2;
                continue;
            }
            if said.is_none_or(|said| said.elapsed() >= REMIND) {
                said = Some(Instant::now());
                self.say(&trouble, since.elapsed());
            }
            if self.halt.is_draining() {
                return false;
            }
            self.halt.wait(pause(&trouble, tries));
            tries = tries.saturating_add(1);
        }
        self.behind(None);
        true
    }

    fn say(&self, trouble: &Trouble, since: Duration) {
        let (receiver, why, seconds) = (&self.name, &trouble.why, since.as_secs());
        if trouble.refused {
            tracing::error!(
                receiver,
                why,
                seconds,
                "the target refuses what it is sent: nothing more goes to it until that is put right"
            );
        } else {
            tracing::warn!(receiver, why, seconds, "the target cannot be told; it is tried again");
        }
    }

    /// Does what needs the disk until it works. `false`: the house closes.
    fn persist(
        &mut self,
        what: &str,
        mut work: impl FnMut(&mut Self) -> Result<(), ExportError>,
    ) -> bool {
        loop {
            let Err(error) = work(self) else { return true };
            self.failed(&error.to_string(), what);
            if self.halt.is_draining() {
                return false;
            }
            self.halt.wait(IDLE);
        }
    }

    fn failed(&self, error: &str, what: &str) {
        metrics::counter!("sluice_export_failures_total", "target" => self.name.clone())
            .increment(1);
        tracing::error!(receiver = self.name, error, "{what}");
    }

    /// How long ago it happened what is to be told next.
    fn behind(&self, first: Option<&Told>) {
        let age = first.map_or(Duration::ZERO, |told| self.clock.now().since(told.at));
        self.lags(age);
    }

    fn lags(&self, age: Duration) {
        metrics::gauge!("sluice_export_behind_seconds", "target" => self.name.clone())
            .set(age.as_secs_f64());
    }
}

/// What a target is told of.
pub(super) fn follows(target: &Target) -> Follows {
    let choice = &target.choice;
    Follows { audit: choice.audit, sessions: choice.sessions || choice.commands }
}

/// How long is waited after so many failures: longer each time, never at the same moment as others, and as long
/// as the target asks for.
fn pause(trouble: &Trouble, tries: u32) -> Duration {
    let doubled = SHORTLY.saturating_mul(1 << tries.min(16)).min(LATER);
    let pause = if trouble.refused { LATER } else { doubled };
    let jitter = pause.mul_f64(rand::random_range(0.5..1.0));
    trouble.after.map_or(jitter, |after| after.max(jitter))
}
