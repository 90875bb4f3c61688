"""The code in the documentation: compiled, and run where it can be.

usage: snippets.py compile --compiler CXX --flags FLAGS        C++, one translation unit for each page
       snippets.py run --bin FOLDER --lib FOLDER               SQL and commands, beside the servers of the environment
       snippets.py build --build FOLDER                        CMake, against what that build installs
       snippets.py read [--bin FOLDER]                         the rest: is it what it says it is?  And do the queues of
                                                               a page's tasks and of its worker agree?  Does the command
                                                               `aftercommit` have what a page's sh blocks tell to type?
       snippets.py follow --build FOLDER                       pages that lead a reader from nothing to a program: word by
                                                               word.  A block whose first line is a comment with the name
                                                               of a file is that file; commands run in its folder
       all with --root FOLDER; with PAGE..., these pages alone

Every fenced block of a language that is known below is covered, in each of PAGES.  What a reader would have around it
is in preamble/, by the name of the page:
  NAME.hpp   for C++: what its blocks use and do not show; after a line "// ---" what comes behind their declarations.
             A page says by `#include` there that it goes on from another one: "guide.md" stands for that page's declarations.
  NAME.sql   for SQL and commands: what a database holds before them, beside the tables of jobs.
  NAME.sh    for commands: run before them, in their folder.
  NAME.cmake for CMake: the targets that its blocks go on from.
A comment in the page, right above a block, says what is special:
  <!-- snippet: statements -->       C++ that stands in a function; `declarations`: outside.  Guessed where nothing is said
  <!-- snippet: empty database -->   SQL or commands for a database without any tables
  <!-- snippet: after COMMAND -->    commands: what has happened before
  <!-- snippet: until TEXT -->       commands: the last one serves until it has said TEXT, and is stopped then
  <!-- snippet: skip: REASON -->     not covered, and why
In the output that a page shows, "..." stands for anything, alone on a line for any lines; times, ids and other numbers may
differ, but for those of a line that begins with "schema" (a version is to be true).
"""
import argparse
import ast
import concurrent.futures
import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

PAGES = ["README.md", "docs/guide.md", *(f"docs/guide/{name}.md" for name in (
    "tour", "transactions", "asio", "tasks", "periodic", "cancel", "unique", "limits", "batches", "flows", "results", "middleware", "foreign", "sql", "python", "from-celery", "worker", "without-redis", "queues", "database", "redis", "shards", "operating", "dashboard", "metrics", "deployment", "testing", "packages", "troubleshooting", "coming-from", "sizing", "kubernetes",
    "runbooks")),
    "docs/guarantees.md", "docs/wire-format.md"]
FOLLOWED = ["docs/guide/start.md"]
RUN = {"sql", "console"}
READ = {"sh", "json", "python", "ini", "yaml", "js"}
KNOWN = RUN | READ | {"cpp", "cmake"}
HERE = Path(__file__).resolve().parent


class Snippet:
    def __init__(self, page, line, language, text, marks):
        self.page, self.line, self.language, self.text, self.marks = page, line, language, text, marks

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    @property
    def skipped(self):
        return any(mark.startswith("skip:") for mark in self.marks)

    def value(self, mark):
        return next((one[len(mark):].strip() for one in self.marks if one.startswith(mark)), None)


def snippets_of(root, page):
    """The blocks of a page, in their order; a language that nobody covers is an error."""
    found, marks, lines = [], [], (root / page).read_text().split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        mark = re.fullmatch(r"<!-- snippet: (.*) -->", line)
        fence = re.fullmatch(r"\s*```(\w+)?", line)
        if mark:
            marks.append(mark[1])
        elif fence:
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
            language = fence[1]
            if language is not None:
                if language not in KNOWN:
                    sys.exit(f"{page}:{at + 1}: a block of '{language}', which nothing covers: see {__file__}")
                for one in marks:
                    if re.fullmatch(r"skip:\s*", one):
                        sys.exit(f"{page}:{at + 1}: skipped without a reason")
                found.append(Snippet(page, at + 1, language, "\n".join(lines[at + 1:end]), marks))
            marks, at = [], end
        elif line.strip():
            if marks:
                sys.exit(f"{page}:{at + 1}: a mark that stands above no block")
        at += 1
    return found


def preamble(page, ending):
    file = HERE / "preamble" / (Path(page).stem.lower() + ending)
    return file.read_text() if file.exists() else ""


# ---- C++

def declares(snippet):
    """Whether it stands outside of functions: by what begins at the margin."""
    if "declarations" in snippet.marks:
        return True
    if "statements" in snippet.marks:
        return False
    begins = r"#include|namespace |inline |struct |class |template|AFTERCOMMIT_TASK_LIBRARY|int main|[\w:<>& ]+ \w+\([^()]*\) \{$"
    return any(re.match(begins, line) and not re.match(r"(for|if|while|else|return)\b", line)
               for line in snippet.text.split("\n"))


def with_lines(snippet, page_path):
    return f'#line {snippet.line + 1} "{page_path}"\n{snippet.text}\n'


def unit_of(root, page, only_declarations=False):
    """One page as a source file: what it includes, its preamble, its declarations, then each of the others in a function."""
    cpp = [snippet for snippet in snippets_of(root, page) if snippet.language == "cpp" and not snippet.skipped]
    includes, before, functions = [], "", ""
    text = preamble(page, ".hpp").split("// ---\n")
    head, behind = text[0], text[1] if len(text) > 1 else ""
    for other in re.findall(r'#include "([\w.-]+\.md)"\n', head):
        more, declared = unit_of(root, f"docs/{other}" if other != "README.md" else other, True)
        includes += more
        before += declared
    head = re.sub(r'#include "[\w.-]+\.md"\n', "", head)

    def without_includes(code):
        includes.extend(re.findall(r"^#include <.*$", code, re.M))
        return re.sub(r"^#(include|pragma once).*$", "", code, flags=re.M)

    before += without_includes(head)
    for snippet in cpp:
        code = without_includes(with_lines(snippet, root / page))
        if declares(snippet):
            before += code
        elif not only_declarations:
            functions += f"inline void snippet_of_line_{snippet.line}() {{\n{code}}}\n"
    if only_declarations:
        return includes, before + without_includes(behind)
    precompiled = "#include <aftercommit/aftercommit.hpp>"  # which it is only where it comes first
    includes.sort(key=lambda include: include != precompiled)
    return "\n".join(dict.fromkeys(includes)) + "\n" + before + without_includes(behind) + functions


def compile_page(root, page, compiler, flags):
    source = unit_of(root, page)
    command = [*shlex.split(compiler), *shlex.split(flags), "-fsyntax-only", "-x", "c++", "-"]
    result = subprocess.run(command, input=source, text=True, capture_output=True)
    return result.stderr if result.returncode else ""


def compile_all(args):
    pages = [page for page in args.pages
             if any(one.language == "cpp" and not one.skipped for one in snippets_of(args.root, page))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda page: compile_page(args.root, page, args.compiler, args.flags), pages))
    for page, errors in zip(pages, results):
        if errors:
            print(f"{page} does not compile:\n{errors}", file=sys.stderr)
    return sum(1 for errors in results if errors)


# ---- SQL and commands

class Folder:
    """A database and a folder for the blocks of one page, with the commands in PATH."""

    def __init__(self, args, page, with_tables=True):
        self.args, self.page = args, page
        self.base = os.environ["DATABASE_URL"]
        self.name = f"docs_{os.getpid()}_{time.monotonic_ns()}"
        self.path = Path(tempfile.mkdtemp(prefix="docs."))
        self.url = urlsplit(self.base)._replace(path="/" + self.name).geturl()
        redis = os.environ["REDIS_URL"]
        self.redis = redis + ("&" if "?" in redis else "?") + "prefix=" + self.name
        self.must(self.base, f"CREATE DATABASE {self.name}")
        bin_folder = self.path / ".bin"
        bin_folder.mkdir()
        # The page speaks to a Redis at the usual place, in the usual prefix.
        wrapper = bin_folder / "redis-cli"
        wrapper.write_text("#!/bin/bash\nargs=()\nfor arg in \"$@\"; do args+=(\"${arg//ac:/" + self.name + ":}\"); done\n"
                           f"exec {shutil.which('redis-cli')} -u {shlex.quote(redis)} --no-raw \"${{args[@]}}\"\n")
        wrapper.chmod(0o755)
        (self.path / "libshop_tasks.so").symlink_to(Path(args.lib) / "libtest_tasks.so")  # any task library will do
        self.environment = {**{key: value for key, value in os.environ.items() if not key.startswith("PG")},
                            "DATABASE_URL": self.url, "REDIS_URL": self.redis,
                            "PATH": f"{bin_folder}:{args.bin}:{os.environ['PATH']}"}
        if with_tables:
            subprocess.run(["aftercommit", "migrate"], env=self.environment, check=True, capture_output=True)
            self.must(self.url, preamble(page, ".sql"))

    def psql(self, url, sql):
        result = subprocess.run(["psql", url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=sql, text=True,
                                capture_output=True)
        return result.stderr if result.returncode else ""

    def must(self, url, sql):
        trouble = self.psql(url, sql)
        if trouble:
            sys.exit(f"{self.page}: what comes before its blocks fails: {trouble}")

    def close(self):
        self.must(self.base, f"DROP DATABASE {self.name} WITH (FORCE)")
        roles = "SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname LIKE 'shop\\_%' \\gexec"
        self.must(self.base, roles)
        subprocess.run(["redis-cli", "ACL", "DELUSER", "shop-worker", "shop-web"], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(self.path)


def canonical(line):
    """A line of output without what may differ."""
    line = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", line.strip())
    line = re.sub(r"\b[\w.]+-\d+-[0-9a-f]{12}\b", "<worker>", line)
    if not line.startswith("schema"):
        line = re.sub(r"\d+", "#", line)
    return re.sub(r"\s+", " ", re.sub(r"# (ms|s|min|h|d)\b", "<time>", line))


def fits(expected, line):
    parts = [re.escape(canonical(part)) for part in expected.split("...")]
    return re.fullmatch(r"\s*.*\s*".join(parts), canonical(line)) is not None


def matches(expected, output):
    """Whether the lines are those expected; "..." alone is any number of them."""
    if not expected:
        return not any(line.strip() for line in output)
    if expected[0].strip() == "...":
        return any(matches(expected[1:], output[i:]) for i in range(len(output) + 1))
    return bool(output) and fits(expected[0], output[0]) and matches(expected[1:], output[1:])


def goes_on(command):
    """Whether it has not ended: by a backslash, or within quotes."""
    if command.endswith("\\"):
        return True
    parsed = subprocess.run(["bash", "-n", "-c", command], text=True, capture_output=True)
    return "unexpected EOF" in parsed.stderr


def commands_of(text):
    """Each command with the lines that follow it."""
    found = []
    for line in text.split("\n"):
        if found and goes_on(found[-1][0]):
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], []])
        else:
            found[-1][1].append(line)
    return found


def serve(folder, command, text):
    """Runs a command until it has said the text, then stops it as a user would."""
    log = folder.path / ".log"
    with log.open("w") as file:
        process = subprocess.Popen(["bash", "-c", "exec " + command], cwd=folder.path, env=folder.environment,
                                   stdout=file, stderr=file)
    deadline = time.monotonic() + 30
    while text not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    output = log.read_text()
    return "" if text in output and process.returncode == 0 else f"exit code {process.returncode}, and it said:\n{output}"


def run_console(folder, snippet):
    commands = commands_of(snippet.text)
    before = snippet.value("after ")
    if before:
        subprocess.run(["bash", "-c", before], cwd=folder.path, env=folder.environment, check=True,
                       stdout=subprocess.DEVNULL)
    until = snippet.value("until ")
    for number, (command, expected) in enumerate(commands):
        if until is not None and number == len(commands) - 1:
            trouble = serve(folder, command, until)
            if trouble:
                return f"{command}\n{trouble}"
            continue
        result = subprocess.run(["bash", "-c", command], cwd=folder.path, env=folder.environment, text=True, timeout=200,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = re.sub(" -p \\d+ ", " ", result.stdout.replace(folder.name + ":", "ac:"))  # as at the usual place
        if not matches(expected, output.rstrip("\n").split("\n")):
            return f"{command}\nwas to write\n" + "\n".join(expected) + f"\nand wrote\n{output}"
    return ""


def run_page(args, page):
    blocks = [one for one in snippets_of(args.root, page) if one.language in RUN and not one.skipped]
    failed, shared = 0, None
    for snippet in blocks:
        alone = snippet.language == "sql" or "empty database" in snippet.marks
        if alone or shared is None:
            folder = Folder(args, page, "empty database" not in snippet.marks)
            if not alone:
                shared = folder
                subprocess.run(["bash", "-c", preamble(page, ".sh")], cwd=folder.path, env=folder.environment, check=True,
                               stdout=subprocess.DEVNULL)
        else:
            folder = shared
        try:
            trouble = (folder.psql(folder.url, snippet.text) if snippet.language == "sql"
                       else run_console(folder, snippet))
        finally:
            if alone:
                folder.close()
        if trouble:
            print(f"{snippet.where}: {trouble}", file=sys.stderr)
            failed += 1
    if shared is not None:
        shared.close()
    return failed


# ---- CMake

def build_all(args):
    """Each page as a project beside an installed package, its sources near to empty."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="docs.") as folder:
        prefix = Path(folder) / "prefix"
        subprocess.run(["cmake", "--install", args.build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        for page in args.pages:
            blocks = [one for one in snippets_of(args.root, page) if one.language == "cmake" and not one.skipped]
            if not blocks:
                continue
            project = Path(folder) / Path(page).stem
            project.mkdir()
            text = preamble(page, ".cmake") + "\n".join(one.text for one in blocks)
            (project / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(shop LANGUAGES CXX)\n" + text)
            for source in set(re.findall(r"[\w]+\.cpp", text)):
                main = "" if source == "tasks.cpp" else "int main() {}\n"
                include = "#include <httplib.h>\n" if "httplib" in text and main else ""
                (project / source).write_text(include + "#include <aftercommit/aftercommit.hpp>\n" + main)
            for command in (["cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={prefix}"],
                            ["cmake", "--build", project / "build", "-j2"]):
                result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                if result.returncode:
                    print(f"{page}: its CMake does not work:\n{result.stdout}", file=sys.stderr)
                    failed += 1
                    break
    return failed


# ---- Pages that are followed

def file_of(snippet):
    """The name of the file that it is; nothing where it is none."""
    named = re.match(r"(?://|#|--) ([\w.-]+\.\w+)\n", snippet.text)
    return named[1] if named else None


def follow_page(args, page, prefix):
    folder = Folder(args, page, False)
    folder.environment["CMAKE_PREFIX_PATH"] = str(prefix)
    try:
        for snippet in snippets_of(args.root, page):
            name = file_of(snippet)
            if snippet.skipped:
                continue
            if name:
                (folder.path / name).write_text(snippet.text + "\n")
            elif snippet.language == "console":
                trouble = run_console(folder, snippet)
                if trouble:
                    print(f"{snippet.where}: {trouble}", file=sys.stderr)
                    return 1  # what follows stands on it
            else:
                print(f"{snippet.where}: neither a file with its name nor commands", file=sys.stderr)
                return 1
    finally:
        folder.close()
    return 0


def follow_all(args):
    with tempfile.TemporaryDirectory(prefix="docs.") as folder:
        prefix = Path(folder) / "prefix"
        subprocess.run(["cmake", "--install", args.build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        args.bin, args.lib = str(prefix / "bin"), str(Path(args.build) / "lib")
        return sum(follow_page(args, page, prefix) for page in args.pages)


# ---- The rest

def commands_exist(args, text):
    """What a block for the shell tells to type: has `aftercommit` these commands and options?"""
    wrong = []
    for line in text.replace("\\\n", " ").split("\n"):
        for found in re.finditer(r"(?:^|[|;&(]|\$\()\s*aftercommit ((?:[a-z-]+ ?)*)([^|;&#]*)", line.split(" # ")[0]):
            words = [word for word in found[1].split() if not word.startswith("-")][:2]
            wanted = re.findall(r"(?<!\S)(--[a-z-]+)", found[1] + found[2])
            for count in range(len(words), 0, -1):  # the second word may be an argument
                said = subprocess.run([f"{args.bin}/aftercommit", *words[:count], "--help"], text=True, capture_output=True)
                if said.returncode == 0:
                    break
            else:
                wrong.append(f"aftercommit has no command '{' '.join(words)}'")
                continue
            wrong += [f"aftercommit {' '.join(words[:count])} has no option {option}" for option in wanted
                      if not re.search(re.escape(option) + r"\b(?!-)", said.stdout)]
    return "\n".join(wrong)


def read_block(root, snippet):
    try:
        if snippet.language == "json":
            json.loads(snippet.text)
        elif snippet.language == "python":
            ast.parse(snippet.text)
        elif snippet.language == "ini":
            configparser.ConfigParser(strict=True, interpolation=None).read_string(snippet.text)
        elif snippet.language == "sh":
            return subprocess.run(["bash", "-n"], input=snippet.text, text=True, capture_output=True).stderr
        elif snippet.language == "js":
            if shutil.which("node"):
                return subprocess.run(["node", "--input-type=module", "--check"], input=snippet.text, text=True,
                                      capture_output=True).stderr
        elif snippet.language == "yaml":
            try:
                import yaml
            except ImportError:
                return "a tab" if "\t" in snippet.text else ""
            yaml.safe_load(snippet.text)
    except Exception as error:  # whatever a parser throws
        return str(error)
    return ""


def queues_agree(root, page):
    """Whether the worker of a page that declares tasks serves the queues that its C++ names: else it would warn a reader."""
    blocks = snippets_of(root, page)
    code = "\n".join(one.text for one in blocks if one.language == "cpp")
    console = "\n".join(one.text for one in blocks if one.language == "console")
    served = {name.split(":")[0] for names in re.findall(r"^\$ worker .*--queues (\S+)", console, re.M)
              for name in names.split(",")}
    tasks = re.findall(r"\.task<[^;]*;", code)
    if not served or not tasks:
        return ""
    named = set(re.findall(r"\.queue = \"([\w.-]+)\"", code))
    if any(".queue" not in task for task in tasks):
        named.add("default")
    return "" if named == served else f"its C++ names the queues {sorted(named)}, and its worker serves {sorted(served)}"


def messages_exist(root, page):
    """Whether the programs say what a page of symptoms quotes: the cells of its first column that are in backquotes."""
    source = "\n".join(file.read_text() for folder in ("base", "broker", "client", "worker", "operate", "cli")
                       for file in sorted((root / folder).rglob("*.[ch]pp")))
    source = re.sub(r'"\s*\n\s*"', "", source).replace('\\"', '"')
    wrong = []
    for cell in re.findall(r"^\| (`.*?`[^|]*) \|", (root / page).read_text(), re.M):
        for quoted in re.findall(r"`([^`]+)`", cell):
            wrong += [part.strip() for part in quoted.split("...") if len(part.strip()) > 12 and part.strip() not in source]
    return "".join(f"\n  nobody says: {part}" for part in wrong)


def read_all(args):
    failed = 0
    for page in args.pages:
        if page == "docs/guide/troubleshooting.md":
            trouble = messages_exist(args.root, page)
            if trouble:
                print(f"{page}:{trouble}", file=sys.stderr)
                failed += 1
        trouble = queues_agree(args.root, page)
        if trouble:
            print(f"{page}: {trouble}", file=sys.stderr)
            failed += 1
        for snippet in snippets_of(args.root, page):
            if snippet.language not in READ or snippet.skipped:
                continue
            trouble = read_block(args.root, snippet)
            if not trouble and snippet.language == "sh" and args.bin:
                trouble = commands_exist(args, snippet.text)
            if trouble:
                print(f"{snippet.where}: no {snippet.language}: {trouble}", file=sys.stderr)
                failed += 1
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["compile", "run", "build", "follow", "read", "print"])
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--root", type=Path, required=True)
    for option in ("compiler", "flags"):
        parser.add_argument("--" + option, default="")
    for option in ("bin", "lib", "build"):
        parser.add_argument("--" + option, type=lambda path: str(Path(path).resolve()))
    args = parser.parse_intermixed_args()
    args.pages = args.pages or {"follow": FOLLOWED, "read": PAGES + FOLLOWED}.get(args.what, PAGES)
    if args.what == "print":
        print(unit_of(args.root, args.pages[0]))
        return 0
    failed = {"compile": compile_all, "build": build_all, "follow": follow_all, "read": read_all,
              "run": lambda given: sum(run_page(given, page) for page in given.pages)}[args.what](args)
    if failed:
        print(f"{failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
