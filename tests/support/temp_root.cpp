// SPDX-License-Identifier: Apache-2.0
#include "support/temp_root.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace support {

namespace {

std::filesystem::path place_for(Storage storage)
{
  const std::filesystem::path memory = "/dev/shm";
  const bool usable = storage == Storage::memory && ::access(memory.c_str(), W_OK | X_OK) == 0;
  return usable ? memory : std::filesystem::temp_directory_path();
}

std::string make_directory(Storage storage)
{
  std::string pattern = (place_for(storage) / "strake-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot make a temporary directory");
  return pattern;
}

/// A path that begins with "/" lies below `root` too.
std::filesystem::path below(const std::string &root, const std::string &path)
{
  return root + "/" + path;
}

} // namespace

TempRoot::TempRoot(std::initializer_list<std::pair<std::string, std::string>> files)
    : TempRoot(Storage::disk, files)
{
}

TempRoot::TempRoot(Storage storage,
                   std::initializer_list<std::pair<std::string, std::string>> files)
    : path_(make_directory(storage)), dir_(base::Dir::open_root(path_))
{
  for (const auto &[path, text] : files)
    write(path, text);
}

TempRoot::~TempRoot()
{
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TempRoot::write(const std::string &path, const std::string &text) const
{
  const std::filesystem::path full = below(path_, path);
  if (path.ends_with('/')) {
    std::filesystem::create_directories(full);
    return;
  }
  std::filesystem::create_directories(full.parent_path());
  if (text.starts_with("-> ")) {
    std::filesystem::remove(full);
    std::filesystem::create_symlink(text.substr(3), full);
    return;
  }
  std::ofstream(full, std::ios::binary) << text;
}

std::string TempRoot::read(const std::string &path) const
{
  const std::ifstream file(below(path_, path), std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path << " should exist");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool TempRoot::exists(const std::string &path) const
{
  return std::filesystem::exists(std::filesystem::symlink_status(below(path_, path)));
}

} // namespace support
