"""Installs to a prefix, then builds and runs a project of its own against it: by find_package, by pkg-config and by add_subdirectory. What
add_subdirectory builds is static; that is installed, too, and used by the first two. The programs
and the Python package run from there, too. Usage: install_test.py SOURCE BUILD COMPILER LAUNCHER VERSION"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD, COMPILER, LAUNCHER, VERSION = sys.argv[1:6]
CONSUMER = pathlib.Path(__file__).parent / "consumer"


def run(*command, stderr_too=False, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if stderr_too else "")


def configure(build, *options):
    run("cmake", "-S", CONSUMER, "-B", build, f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={LAUNCHER}",
        "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF", *options)


def check_runs(program, work, libraries=None):
    runtime = pathlib.Path(tempfile.mkdtemp(dir=work))
    environment = dict(os.environ, **({"LD_LIBRARY_PATH": str(libraries)} if libraries else {}))
    output = run(program, runtime, env=environment, timeout=200)
    if output != "float32 2x3 1.5\n":
        sys.exit(f"{program} said {output!r}")


def by_find_package(work, prefix):
    build = work / "by_find_package"
    configure(build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DARRAYWIRE_VERSION={VERSION}")
    found = [line for line in (build / "CMakeCache.txt").read_text().splitlines() if line.startswith("arraywire_DIR:")]
    if not found or str(prefix) not in found[0]:
        sys.exit(f"found another arraywire than the one in {prefix}: {found}")
    run("cmake", "--build", build)
    check_runs(build / "consumer", work)


def by_pkg_config(work, prefix):
    (folder,) = prefix.rglob("arraywire.pc")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(folder.parent))
    if list(prefix.rglob("libarraywire.so")):
        environment["PKG_CONFIG_LIBDIR"] = str(folder.parent)  # it needs no other package
    said = run("pkg-config", "--modversion", "arraywire", env=environment).strip()
    if said != VERSION:
        sys.exit(f"pkg-config has version {said}, not {VERSION}")
    flags = run("pkg-config", "--cflags", "--libs", "arraywire", env=environment).split()
    program = work / "by_pkg_config"
    run(COMPILER, "-std=c++20", CONSUMER / "main.cpp", "-o", program, *flags)
    check_runs(program, work, folder.parent.parent)


def as_subdirectory(work):
    build, prefix = work / "as_subdirectory", work / "static"
    configure(build, f"-DARRAYWIRE_SOURCE={SOURCE}", "-DARRAYWIRE_INSTALL=ON")
    run("cmake", "--build", build, "-j", "2")
    for unasked in ("arraywire-*", "_arraywire*", "*_test"):
        if list(build.rglob(unasked + ".so")) + [p for p in build.rglob(unasked) if os.access(p, os.X_OK) and p.is_file()]:
            sys.exit(f"{unasked} was built for a project that only wants the library")
    check_runs(build / "consumer", work)
    run("cmake", "--install", build, "--prefix", prefix)
    if not list(prefix.rglob("libarraywire.a")):
        sys.exit(f"no static library in {prefix}")
    return prefix


def installed_programs_run(prefix):
    for name in ("arraywire-producer", "arraywire-consumer"):
        program = prefix / "bin" / name
        if program.exists() and VERSION not in run(program, "--version"):
            sys.exit(f"{program} is not of version {VERSION}")


def installed_python_package_runs(prefix):
    for package in prefix.glob("lib/python3*/dist-packages"):
        environment = dict(os.environ, PYTHONPATH=str(package))
        said = run("/usr/bin/python3", "-B", "-c", "import arraywire; print(arraywire.__file__, arraywire.__version__)", env=environment)
        if said.split() != [str(package / "arraywire/__init__.py"), VERSION]:
            sys.exit(f"{package} is not of version {VERSION}: {said}")


def units_are_sound(work, prefix):
    """What systemd says of the units, with the programs where they were installed just now."""
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze: the units are not verified")
        return
    for unit in (prefix / "lib/systemd/system").glob("arraywire-*@.service"):
        instance = work / unit.name.replace("@", "@camera")
        shutil.copy(unit, instance)
        output = run("systemd-analyze", "verify", "--man=no", instance, stderr_too=True)
        if unit.name in output or instance.name in output:
            sys.exit(f"{unit}: {output}")


def main():
    with tempfile.TemporaryDirectory(prefix="arraywire-install-") as folder:
        work = pathlib.Path(folder)
        prefix = work / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix)
        installed_programs_run(prefix)
        installed_python_package_runs(prefix)
        units_are_sound(work, prefix)
        for installed in (prefix, as_subdirectory(work)):
            (work / f"of_{installed.name}").mkdir()
            by_find_package(work / f"of_{installed.name}", installed)
            by_pkg_config(work / f"of_{installed.name}", installed)


if __name__ == "__main__":
    main()
