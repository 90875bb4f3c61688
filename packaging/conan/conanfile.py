"""Recipe of Conan 2 for aftercommit: `conan create packaging/conan`."""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get
from conan.tools.gnu import PkgConfigDeps


class Aftercommit(ConanFile):
    name = "aftercommit"
    version = "0.2.0"
    description = "Background task queue that is aware of the database transaction"
    license = "MIT"
    topics = ("queue", "postgresql", "redis", "background-jobs")
    settings = "os", "arch", "compiler", "build_type"
    package_type = "shared-library"  # the worker and the task library that it loads must share one copy

    def layout(self):
        cmake_layout(self, src_folder="src")

    def export_sources(self):
        # A recipe within the tree takes its sources from there; one by itself, as in an index, from the archive.
        root = os.path.join(self.recipe_folder, "..", "..")
        if os.path.exists(os.path.join(root, "CMakeLists.txt")):
            copy(self, "*", root, os.path.join(self.export_sources_folder, "src"), excludes=("build/*", ".git/*"))

    def requirements(self):
        # The headers include these, so a program that uses the library needs their headers too.
        self.requires("nlohmann_json/3.11.3", transitive_headers=True)
        self.requires("libpqxx/7.9.2", transitive_headers=True)
        self.requires("libpq/15.5")
        self.requires("hiredis/1.2.0")
        self.requires("openssl/[>=3.0 <4]")
        self.requires("date/3.0.1", options={"use_system_tz_db": True})
        self.requires("cxxopts/3.1.1")
        self.requires("spdlog/1.13.0")
        self.requires("cpp-httplib/0.15.3")
        self.requires("prometheus-cpp/1.1.0", options={"with_push": False, "with_pull": False})

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.25]")
        self.tool_requires("pkgconf/[>=2]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("aftercommit is written for Linux")

    def source(self):
        if not os.path.exists(os.path.join(self.source_folder, "CMakeLists.txt")):
            get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["AFTERCOMMIT_BUILD_TESTS"] = False
        toolchain.cache_variables["AFTERCOMMIT_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["BUILD_SHARED_LIBS"] = True
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "aftercommit")
        for floor, below in (("broker", []), ("client", ["broker"]), ("worker", ["client"]), ("testing", ["worker"])):
            component = self.cpp_info.components[floor]
            component.libs = [f"aftercommit_{floor}"]
            component.requires = list(below)
            component.set_property("cmake_target_name", f"aftercommit::{floor}")
            component.set_property("pkg_config_name", f"aftercommit-{floor}")
        self.cpp_info.components["broker"].requires += ["nlohmann_json::nlohmann_json", "hiredis::hiredis",
                                                            "openssl::openssl"]
        self.cpp_info.components["client"].requires += ["libpqxx::libpqxx", "libpq::libpq", "date::date"]
        self.cpp_info.components["worker"].requires += ["spdlog::spdlog", "cxxopts::cxxopts", "cpp-httplib::cpp-httplib",
                                                            "prometheus-cpp::prometheus-cpp-core"]
