"""Measures aftercommit beside the limits of its servers and beside its peers. Called by scripts/bench."""

import signal
import sys

import contestants
import goals
import machine
import micro
import options
import processes
import record
import report
import round_trips
import rounds
import servers
from ratios import Results


def main() -> int:
    given = options.parse()
    if given.check:
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        about = machine.describe(given.peers)
        print(report.machine_text(about), flush=True)
        return measure(given, about)
    except (servers.ServerTrouble, RuntimeError) as trouble:
        say(f"scripts/bench: {trouble}")
        return 1
    except KeyboardInterrupt:
        return 130


def measure(given: options.Options, about: dict) -> int:
    taking_part = [contestants.make(name) for name in given.contestants]
    samples: list[rounds.Sample] = []
    micros: list[micro.Micro] = []
    trips: list[round_trips.RoundTrips] = []
    failures: list[str] = []
    try:
        run_figures(given, taking_part, samples)
        if given.micro:
            run_micro(given, micros, failures)
        if given.round_trips:
            run_round_trips(trips, failures)
    finally:  # what was interrupted has its rounds so far to show
        results = Results(samples)
        verdicts = goals.judge(results, taking_part)
        print(report.results_text(results, verdicts, micros, trips))
        record.write(given.json, about, given.settings, results, verdicts, micros, trips)
        say(f"All samples are in {given.json}")
    failures = [report.failure_text(sample) for sample in results.failures()] + failures
    for failure in failures:
        print(failure)
    return 1 if failures else 0


def run_figures(
    given: options.Options, taking_part: list[contestants.Contestant], samples: list[rounds.Sample]
) -> None:
    for figure in given.figures:
        able = [contestant for contestant in taking_part if figure.name in contestant.figures]
        if not able:
            continue
        for sample in rounds.run(figure, able, given.settings):
            samples.append(sample)
            say(report.progress_text(sample, figure, given.settings.rounds))


def run_micro(given: options.Options, micros: list[micro.Micro], failures: list[str]) -> None:
    say("micro")
    try:
        micros += micro.run(given.settings.quick)
    except processes.RunFailed as failure:
        failures.append(f"micro {failure}")
    failures += [f"micro {one.name} failed: {one.error}" for one in micros if one.error]


def run_round_trips(trips: list[round_trips.RoundTrips], failures: list[str]) -> None:
    say("round_trips")
    try:
        trips += round_trips.run()
    except processes.RunFailed as failure:
        failures.append(f"round_trips {failure}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
