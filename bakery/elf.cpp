// SPDX-License-Identifier: Apache-2.0
#include "bakery/elf.hpp"

#include "base/dir.hpp"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace bakery {

namespace {

struct ElfEnd {
  void operator()(::Elf *elf) const noexcept { (void)::elf_end(elf); }
};

using Handle = std::unique_ptr<::Elf, ElfEnd>;

void split(std::string_view text, std::vector<std::string> &into)
{
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end > 0)
      into.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The text at an offset of the section of texts that goes with `dynamic`.
std::string text_at(::Elf *elf, const GElf_Shdr &dynamic, const GElf_Dyn &entry)
{
  const char *const text = ::elf_strptr(elf, dynamic.sh_link, entry.d_un.d_val);
  return text != nullptr ? text : "";
}

void read_dynamic(::Elf *elf, Elf_Scn *section, const GElf_Shdr &header, Elf &result)
{
  Elf_Data *const data = ::elf_getdata(section, nullptr);
  if (data == nullptr)
    return;
  GElf_Dyn entry;
  std::vector<std::string> old_paths;
  for (int index = 0; ::gelf_getdyn(data, index, &entry) != nullptr; ++index) {
    if (entry.d_tag == DT_NULL)
      break;
    if (entry.d_tag == DT_NEEDED)
      result.needed.push_back(text_at(elf, header, entry));
    else if (entry.d_tag == DT_SONAME)
      result.name = text_at(elf, header, entry);
    else if (entry.d_tag == DT_RUNPATH)
      split(text_at(elf, header, entry), result.paths);
    else if (entry.d_tag == DT_RPATH)
      split(text_at(elf, header, entry), old_paths);
  }
  if (result.paths.empty())
    result.paths = std::move(old_paths);
}

std::string read_interpreter(const base::Fd &file, ::Elf *elf)
{
  std::size_t count = 0;
  if (::elf_getphdrnum(elf, &count) != 0)
    return "";
  for (std::size_t index = 0; index < count; ++index) {
    GElf_Phdr header;
    constexpr std::size_t longest = 4096;
    if (::gelf_getphdr(elf, static_cast<int>(index), &header) == nullptr ||
        header.p_type != PT_INTERP || header.p_filesz == 0 || header.p_filesz > longest)
      continue;
    std::string text(header.p_filesz, '\0');
    text.resize(base::read_at(file, header.p_offset, std::as_writable_bytes(std::span(text))));
    return text.substr(0, text.find('\0'));
  }
  return "";
}

} // namespace

std::optional<Elf> read_elf(const base::Fd &file)
{
  if (::elf_version(EV_CURRENT) == EV_NONE)
    return std::nullopt;
  const Handle elf(::elf_begin(file.number(), ELF_C_READ, nullptr));
  GElf_Ehdr header;
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF || ::gelf_getehdr(elf.get(), &header) == nullptr)
    return std::nullopt;
  Elf result;
  result.machine = header.e_machine;
  result.interpreter = read_interpreter(file, elf.get());
  for (Elf_Scn *section = nullptr; (section = ::elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr described;
    if (::gelf_getshdr(section, &described) != nullptr && described.sh_type == SHT_DYNAMIC)
      read_dynamic(elf.get(), section, described, result);
  }
  return result;
}

std::optional<unsigned> elf_machine(const std::string &architecture)
{
  struct Row {
    std::string_view architecture;
    unsigned machine;
  };

  static constexpr std::array<Row, 7> rows{{
      {"x86-64", EM_X86_64},
      {"x86", EM_386},
      {"arm64", EM_AARCH64},
      {"arm", EM_ARM},
      {"riscv64", EM_RISCV},
      {"ppc64-le", EM_PPC64},
      {"s390x", EM_S390},
  }};
  for (const Row &row : rows)
    if (row.architecture == architecture)
      return row.machine;
  return std::nullopt;
}

bool is_of_c_library(const std::string &library)
{
  static constexpr std::array<std::string_view, 11> stems = {"libc.so.",
                                                             "libm.so.",
                                                             "libpthread.so.",
                                                             "libdl.so.",
                                                             "librt.so.",
                                                             "libresolv.so.",
                                                             "libmvec.so.",
                                                             "libutil.so.",
                                                             "libanl.so.",
                                                             "ld-linux",
                                                             "libnss_files.so."};
  return std::any_of(
      stems.begin(), stems.end(), [&](std::string_view stem) { return library.starts_with(stem); });
}

} // namespace bakery
