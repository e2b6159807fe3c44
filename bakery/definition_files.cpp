// SPDX-License-Identifier: Apache-2.0
#include "bakery/definition_files.hpp"

#include "verity/digest.hpp"

#include <fmt/format.h>

namespace bakery {

namespace {

/// Where the version that is used is found by its plain name; beside it, with ".d", they lie side
/// by side.
constexpr const char *extensions_directory = "/var/lib/extensions";
constexpr const char *configurations_directory = "/var/lib/confexts";

std::string directory_of(const OfferedName &offered)
{
  return offered.kind == verity::ReleaseKind::confext ? configurations_directory
                                                      : extensions_directory;
}

std::string page_url(const OfferedName &offered, const Site &site)
{
  return fmt::format("{}/extensions/{}.html", site.url, offered.name);
}

std::string description_of(const OfferedName &offered)
{
  return offered.description.empty() ? fmt::format("The extension {}", offered.name)
                                     : offered.description;
}

/// A value of an ini file: specifiers are expanded there.
std::string ini_value(const std::string &text)
{
  std::string value;
  for (const char each : text)
    value += each == '%' ? "%%" : std::string(1, each);
  return value;
}

/// The pattern of the images of a name: of all architectures the machine's own, where there are
/// several.
std::string match_pattern(const OfferedFile &image, const std::string &start)
{
  const std::string architecture = image.name.architecture.empty() ? "" : "_%a";
  return fmt::format("{}@v{}.{}", start, architecture, image.name.suffix);
}

/// Compression is taken off on the way.
std::string installed_suffix(const std::string &suffix)
{
  const std::size_t dot = suffix.find('.');
  return suffix.substr(0, dot);
}

/// Where nobody signs for systemd's tools they refuse the repository, and strake goes by the key.
std::string trust_line(const Site &site)
{
  return site.is_signed_by_openpgp()
             ? ""
             : fmt::format("X-Strake-Trust=/etc/strake/trust/{}.pub\n", site.name);
}

std::string transfer_text(const OfferedName &offered,
                          const OfferedFile &image,
                          const Site &site,
                          const std::string &start)
{
  const std::string architecture = image.name.architecture.empty() ? "" : "_%a";
  const std::string suffix = installed_suffix(image.name.suffix);
  return fmt::format("[Transfer]\n"
                     "Features={name}\n"
                     "Verify=yes\n"
                     "\n"
                     "[Source]\n"
                     "Type=url-file\n"
                     "Path={url}\n"
                     "MatchPattern={pattern}\n"
                     "{trust}"
                     "\n"
                     "[Target]\n"
                     "Type=regular-file\n"
                     "Path={current}.d\n"
                     "MatchPattern={start}@v{architecture}.{suffix}\n"
                     "CurrentSymlink={current}/{name}.{suffix}\n"
                     "Mode=0644\n"
                     "InstancesMax=2\n",
                     fmt::arg("name", image.name.name),
                     fmt::arg("trust", trust_line(site)),
                     fmt::arg("url", ini_value(site.url)),
                     fmt::arg("pattern", match_pattern(image, start)),
                     fmt::arg("start", start),
                     fmt::arg("architecture", architecture),
                     fmt::arg("suffix", suffix),
                     fmt::arg("current", directory_of(offered)));
}

std::string section_text(const char *section, const OfferedName &offered, const Site &site)
{
  return fmt::format("[{}]\nDescription={}\nDocumentation={}\nEnabled=yes\n",
                     section,
                     ini_value(description_of(offered)),
                     ini_value(page_url(offered, site)));
}

/// A text as the lines of a YAML block.
std::string indented(const std::string &text)
{
  std::string lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    lines += end == start ? "\n" : "          " + text.substr(start, end + 1 - start);
    start = end + 1;
  }
  return lines;
}

std::string butane_file(const std::string &path, const std::string &text)
{
  return fmt::format("    - path: {}\n      mode: 0644\n      contents:\n        inline: |\n{}",
                     path,
                     indented(text));
}

std::string hex_digest_of(const std::string &text)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(text))));
}

std::string butane_text(const OfferedName &offered,
                        const OfferedFile &image,
                        const std::map<std::string, std::string> &files,
                        const Site &site)
{
  const std::string &name = offered.name;
  const std::string directory = directory_of(offered);
  // What Ignition fetches it does not decompress by itself.
  const bool is_plain = installed_suffix(image.name.suffix) == image.name.suffix;
  std::string text = fmt::format("# {} for a machine that Ignition sets up; see {}\n"
                                 "variant: flatcar\n"
                                 "version: 1.0.0\n"
                                 "storage:\n"
                                 "  files:\n",
                                 name,
                                 page_url(offered, site));
  const std::string definitions = fmt::format("/etc/sysupdate.{}.d/", name);
  text += butane_file(definitions + name + ".transfer", files.at(name + ".transfer"));
  text += butane_file(definitions + name + ".feature", files.at(name + ".feature"));
  text +=
      butane_file(fmt::format("/etc/sysupdate.{}.component", name), files.at(name + ".component"));
  if (!site.is_signed_by_openpgp())
    text +=
        butane_file(fmt::format("/etc/strake/trust/{}.pub", site.name), site.minisign_key + "\n");
  if (site.is_signed_by_openpgp())
    text += fmt::format("    - path: /etc/systemd/import-pubring.gpg\n"
                        "      mode: 0644\n"
                        "      contents:\n"
                        "        source: {}/import-pubring.gpg\n"
                        "        verification:\n"
                        "          hash: sha256-{}\n",
                        site.url,
                        hex_digest_of(site.openpgp_keyring));
  if (is_plain)
    text += fmt::format("    - path: {}.d/{}\n"
                        "      mode: 0644\n"
                        "      contents:\n"
                        "        source: {}/{}\n"
                        "        verification:\n"
                        "          hash: sha256-{}\n"
                        "  links:\n"
                        "    - path: {}/{}.{}\n"
                        "      target: ../{}.d/{}\n"
                        "      hard: false\n",
                        directory,
                        image.name.file,
                        site.url,
                        image.name.file,
                        verity::hex(image.sha256),
                        directory,
                        name,
                        image.name.suffix,
                        directory.substr(directory.rfind('/') + 1),
                        image.name.file);
  return text;
}

} // namespace

std::map<std::string, std::string> definition_files(const OfferedName &offered, const Site &site)
{
  const OfferedVersion &newest = offered.versions.front();
  const auto architectures = architectures_of(newest);
  if (architectures.empty() || offered.kind == verity::ReleaseKind::os)
    return {};
  const OfferedFile &image = *image_of(newest, architectures.front());
  std::map<std::string, std::string> files;
  files[offered.name + ".transfer"] = transfer_text(offered, image, site, offered.name + "_");
  files[offered.name + ".feature"] = section_text("Feature", offered, site);
  files[offered.name + ".component"] = section_text("Component", offered, site);
  for (const std::string &series : series_of(offered)) {
    const std::string start = fmt::format("{}_{}", offered.name, series);
    files[start + ".transfer"] = transfer_text(offered, image, site, start + ".");
  }
  for (const std::string &each : architectures) {
    const std::string middle = architectures.size() > 1 ? "." + each : "";
    files[fmt::format("{}{}.butane.yaml", offered.name, middle)] =
        butane_text(offered, *image_of(newest, each), files, site);
  }
  return files;
}

} // namespace bakery
