//! Measuring in turns: each work beside its floor, so that a busy machine slows both down alike.
//!
//! Ratios carry over to another machine; single times don't. A figure is the median of the ratios of neighbouring runs,
//! one of the work and one of the floor, with the range that nine in ten of them are in.

/// What one work costs relative to the floor.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The table that this is a row of.
    pub table: String,
    /// What was done.
    pub name: String,
    /// The median time of one run, in seconds.
    pub seconds: f64,
    /// The median of the ratios to the neighbouring runs of the floor.
    pub ratio: f64,
    /// One in twenty of the ratios is lower.
    pub low: f64,
    /// One in twenty of the ratios is higher.
    pub high: f64,
}

/// The figures of a table, from the times of each of its works, in seconds and in the order of the turns. The first is the
/// floor.
///
/// # Panics
///
/// If there is no work or no turn, or one work has fewer turns than the floor.
#[must_use]
pub fn figures(table: &str, names: &[&str], times: &[Vec<f64>]) -> Vec<Figure> {
    let floor = &times[0];
    let figure = |(name, of): (&&str, &Vec<f64>)| {
        let ratios = sorted((0..floor.len()).map(|turn| of[turn] / floor[turn]).collect());
        let last = ratios.len() - 1;
        Figure {
            table: table.to_owned(),
            name: (*name).to_owned(),
            seconds: median(of.clone()),
            ratio: ratios[last / 2],
            low: ratios[last / 20],
            high: ratios[last - last / 20],
        }
    };
    names.iter().zip(times).map(figure).collect()
}

/// Combines the figures of several processes that measured the same: the addresses of code and data differ between
/// processes, and what one of them finds again and again, another does not. The range covers all of theirs.
#[must_use]
pub fn together(processes: &[Vec<Figure>]) -> Vec<Figure> {
    let Some(first) = processes.first() else { return Vec::new() };
    let as_one = |figure: &Figure| {
        let same =
            processes.iter().flatten().filter(|other| (&other.table, &other.name) == (&figure.table, &figure.name));
        let all = |part: fn(&Figure) -> f64| same.clone().map(part);
        Figure {
            seconds: median(all(|figure| figure.seconds).collect()),
            ratio: median(all(|figure| figure.ratio).collect()),
            low: all(|figure| figure.low).fold(figure.low, f64::min),
            high: all(|figure| figure.high).fold(figure.high, f64::max),
            ..figure.clone()
        }
    };
    first.iter().map(as_one).collect()
}

/// The median of some figures.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn median(figures: Vec<f64>) -> f64 {
    let figures = sorted(figures);
    figures[(figures.len() - 1) / 2]
}

fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures
}

impl Figure {
    /// The figure as a line, for a program that runs the measuring one.
    #[must_use]
    pub fn to_line(&self) -> String {
        let Self { table, name, seconds, ratio, low, high } = self;
        format!("{table}\t{name}\t{seconds:e}\t{ratio}\t{low}\t{high}")
    }

    /// The figure in a line; `None` for any other line.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split('\t');
        let (table, name) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut number = || words.next()?.parse().ok();
        let figure = Self { table, name, seconds: number()?, ratio: number()?, low: number()?, high: number()? };
        words.next().is_none().then_some(figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_of_neighbours() {
        // The machine is ten times as slow in the last two turns; the work takes 2 to 6 times as long as the floor.
        let floor = vec![1.0, 1.0, 1.0, 10.0, 10.0];
        let work = vec![2.0, 3.0, 4.0, 50.0, 60.0];
        let [of_floor, of_work] = &figures("a table", &["floor", "work"], &[floor, work])[..] else { panic!() };
        assert_eq!((of_floor.ratio, of_floor.low, of_floor.high, of_floor.seconds), (1.0, 1.0, 1.0, 1.0));
        assert_eq!((of_work.ratio, of_work.low, of_work.high, of_work.seconds), (4.0, 2.0, 6.0, 4.0));
    }

    #[test]
    fn one_in_twenty_is_outside_the_range_on_each_side() {
        let work = (1..=41).rev().map(f64::from).collect();
        let figure = &figures("a table", &["floor", "work"], &[vec![1.0; 41], work])[1];
        assert_eq!((figure.low, figure.ratio, figure.high), (3.0, 21.0, 39.0));
    }

    #[test]
    fn processes_together_have_their_median_and_the_range_of_all() {
        let process = |of: [f64; 3]| figures("a table", &["floor", "work"], &[vec![1.0; 3], of.to_vec()]);
        let [floor, work] = &together(&[process([2.0; 3]), process([1.0, 4.0, 5.0]), process([3.0; 3])])[..] else {
            panic!()
        };
        assert_eq!((floor.ratio, floor.low, floor.high), (1.0, 1.0, 1.0));
        assert_eq!((work.ratio, work.low, work.high, work.seconds), (3.0, 1.0, 5.0, 3.0));
        assert_eq!(together(&[]), []);
    }

    #[test]
    fn a_figure_comes_back_from_its_line() {
        let [figure] = &figures("a table", &["some work"], &[vec![1.25e-7]])[..] else { panic!() };
        assert_eq!(Figure::from_line(&figure.to_line()).as_ref(), Some(figure));
        assert_eq!(Figure::from_line("Compiling something"), None);
        assert_eq!(Figure::from_line(&format!("{}\t1", figure.to_line())), None);
    }
}
