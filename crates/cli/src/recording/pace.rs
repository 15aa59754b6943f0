use std::str::FromStr;
use std::time::Duration;

use model::Timestamp;

/// How fast a session is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// At once.
    Max,
    /// So many times as fast as it happened.
    Times(f64),
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err("it is a number above 0, or `max`"),
        }
    }
}

/// How long to wait before what comes next is shown.
pub(crate) struct Pace {
    speed: Speed,
    idle: Duration,
    last: Option<Timestamp>,
}

impl Pace {
    /// At this speed; a pause of the session is taken for no longer than `idle`.
    pub(crate) fn new(speed: Speed, idle: Option<Duration>) -> Self {
        Self { speed, idle: idle.unwrap_or(Duration::MAX), last: None }
    }

    /// From now on at this speed.
    pub(crate) const fn becomes(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// The wait before something that happened at this time.
    pub(crate) fn before(&mut self, at: Timestamp) -> Duration {
        let last = self.last.replace(at).unwrap_or(at);
        let Speed::Times(times) = self.speed else { return Duration::ZERO };
        // A clock that was set back made nobody wait.
        let pause = at.since(last).min(self.idle);
        Duration::try_from_secs_f64(pause.as_secs_f64() / times).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_is_what_was_waited_divided_by_the_speed() {
        let at = |millis| Timestamp::from_secs(1000).plus(Duration::from_millis(millis));
        let times = [0, 500, 500, 400, 10_400];
        for (speed, idle, expected) in [
            ("1", None, [0, 500, 0, 0, 10_000]),
            ("2", None, [0, 250, 0, 0, 5000]),
            ("0.5", Some(3), [0, 1000, 0, 0, 6000]),
            ("max", None, [0, 0, 0, 0, 0]),
        ] {
            let mut pace = Pace::new(speed.parse().unwrap(), idle.map(Duration::from_secs));
            let waits = times.map(|millis| pace.before(at(millis)).as_millis());
            assert_eq!(waits, expected, "{speed} {idle:?}");
        }
    }

    #[test]
    fn a_speed_is_a_number_above_zero_or_max() {
        for wrong in ["0", "-1", "NaN", "inf", "", "fast", "1e-400"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
        let mut slow = Pace::new("1e-300".parse().unwrap(), None);
        slow.before(Timestamp::EPOCH);
        assert_eq!(slow.before(Timestamp::from_secs(1)), Duration::MAX);
    }
}
