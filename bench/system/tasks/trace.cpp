#include "bench/system/tasks/trace.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "bench/system/tasks/tasks.hpp"

namespace aftercommit::bench {

/// The head of the file; the runs follow.
struct Trace::File {
  std::size_t room;
  std::atomic<std::size_t> started;
  std::atomic<std::size_t> ended;
  std::atomic<bool> open;

  static_assert(std::atomic<std::size_t>::is_always_lock_free);  // so processes may share it

  JobRun* runs() { return reinterpret_cast<JobRun*>(this + 1); }

  /// Maps the file, made so large if that is not 0.
  static File* map(const std::string& path, std::size_t bytes) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    struct stat facts {};
    if (file < 0 || (bytes > 0 && ::ftruncate(file, static_cast<off_t>(bytes)) != 0) ||
        ::fstat(file, &facts) != 0)
      throw std::runtime_error{"cannot make the trace " + path};
    auto* const memory =
        ::mmap(nullptr, static_cast<std::size_t>(facts.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory == MAP_FAILED) throw std::runtime_error{"cannot map the trace " + path};
    return static_cast<File*>(memory);
  }
};

namespace {

Trace::File* wanted() {
  static Trace::File* const file = []() -> Trace::File* {
    const char* const path = std::getenv("BENCH_TRACE");
    return path != nullptr ? Trace::File::map(path, 0) : nullptr;
  }();
  return file;
}

}  // namespace

Trace::Trace(std::size_t room)
    : folder_{(std::filesystem::temp_directory_path() / "aftercommit-trace.XXXXXX").string()} {
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error{"cannot make a folder " + folder_};
  const auto path = folder_ + "/runs";
  file_ = File::map(path, sizeof(File) + room * sizeof(JobRun));
  file_->room = room;
  ::setenv("BENCH_TRACE", path.c_str(), 1);
}

Trace::~Trace() {
  ::munmap(file_, sizeof(File) + file_->room * sizeof(JobRun));
  std::filesystem::remove_all(folder_);
}

void Trace::open() { file_->open = true; }

bool Trace::full() const { return file_->ended == file_->room; }

std::span<const JobRun> Trace::runs() const {
  const std::span<JobRun> all{file_->runs(), file_->room};
  std::ranges::sort(all, {}, &JobRun::started_ns);
  return all;
}

double Trace::rate(std::size_t without) const {
  if (without + 1 >= file_->room) throw std::runtime_error{"too few jobs for a rate"};
  const auto all = runs().subspan(without);
  return static_cast<double>(all.size() - 1) /
         static_cast<double>(all.back().started_ns - all.front().started_ns) * 1e9;
}

NotedRun::NotedRun(std::int64_t number) : run_{nullptr} {
  auto* const file = wanted();
  if (file == nullptr) return;
  while (!file->open) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  const auto index = file->started.fetch_add(1);
  if (index >= file->room) return;
  run_ = &file->runs()[index];
  *run_ = {.number = number, .worker = ::getpid(), .started_ns = monotonic_ns(), .ended_ns = 0};
}

NotedRun::~NotedRun() {
  if (run_ == nullptr) return;
  run_->ended_ns = monotonic_ns();
  wanted()->ended.fetch_add(1);
}

}  // namespace aftercommit::bench
