"""Times python-hl7 and hl7apy on the messages of the benchmarks: python.py VENV MESSAGES.

VENV is made where it is missing, MESSAGES has a folder for each kind. Prints the lines that `cargo xtask bench` reads,
or `skipped: ` and a reason.
"""

import pathlib
import subprocess
import sys
import time

# Pinned, so that a table says what it measured.
PACKAGES = ["hl7==0.4.5", "hl7apy==1.3.5"]
# A figure is the median of so many passes at least, and a kind takes about so many seconds.
PASSES = 5
SECONDS = 2.0


def interpreter(venv):
    """The Python of the environment with the packages; ends the program where there is none."""
    python = venv / "bin" / "python"
    commands = [[sys.executable, "-m", "venv", venv], [python, "-m", "pip", "install", "--quiet", *PACKAGES]]
    marker = venv / "installed"
    if marker.exists() and marker.read_text() == " ".join(PACKAGES):
        return python
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            print("skipped:", " ".join(["no environment with", *PACKAGES, *last]))
            sys.exit(0)
    marker.write_text(" ".join(PACKAGES))
    return python


def median_pass(parse, messages):
    """Nanoseconds for a message, and how far the quarters of the passes lie apart."""
    times = []
    while len(times) < PASSES or (sum(times) < SECONDS and len(times) < 99):
        began = time.perf_counter()
        for message in messages:
            parse(message)
        times.append(time.perf_counter() - began)
        if sum(times) > 5 * SECONDS:
            break
    times.sort()
    quarter = len(times) // 4
    middle = times[len(times) // 2]
    return middle / len(messages) * 1e9, (times[-1 - quarter] - times[quarter]) / middle


def measure(folder):
    """Both libraries on all kinds."""
    import hl7
    from hl7apy.parser import parse_message

    names = [package.replace("==", " ") for package in PACKAGES]
    names[0] = "python-" + names[0]
    typed = lambda text: parse_message(text, find_groups=True, validation_level=2)
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        messages = [path.read_bytes().decode() for path in sorted(kind.glob("*.hl7"))]
        for name, parse in zip(names, [hl7.parse, typed]):
            nanoseconds, spread = median_pass(parse, messages)
            print(f"time\t{kind.name}\t{name}\tparse\t{nanoseconds:.0f}\t{spread:.3f}", flush=True)


def main():
    """Measures inside of the environment, started by itself outside of it."""
    venv, messages = map(pathlib.Path, sys.argv[1:3])
    if "--inside" in sys.argv:
        return measure(messages)
    command = [interpreter(venv), __file__, venv, messages, "--inside"]
    return sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
