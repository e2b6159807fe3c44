// SPDX-License-Identifier: Apache-2.0
#include "bakery/attach.hpp"

#include "bakery/build.hpp"
#include "bakery/file_digest.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/pkcs7.hpp"

namespace bakery {

using base::Kind;

namespace {

/// The record of the image, which has to be as it says.
Made checked_image(const base::Dir &output, const Inputs &inputs)
{
  const auto text = output.text(inputs.name + ".inputs.json", record_limit);
  const auto record = text ? parse_record(*text) : std::nullopt;
  const auto image = output.find_file(inputs.name + ".raw");
  if (!record || !image)
    base::fail(Kind::not_found,
               "{} has no {}.raw with its record; bake it first",
               output.path(),
               inputs.name);
  if (verity::hex(digest_of_file(*image)) != record->made.sha256)
    base::fail(Kind::untrusted,
               "{}.raw is not what its record says; bake it again, and sign that",
               inputs.name);
  if (!record->made.root_hash)
    base::fail(Kind::config,
               "a file system alone takes no signature; say \"container: ddi\" in the recipe");
  return record->made;
}

verity::RootHashSignature read_signature(const base::Dir &output,
                                         const Inputs &inputs,
                                         const verity::Sha256 &root_hash,
                                         const std::string &certificate)
{
  const std::string file = inputs.name + ".roothash.p7s";
  auto signature = output.text(file, verity::pkcs7_limit);
  if (!signature)
    base::fail(Kind::not_found,
               "there is no {}; make it of {}.roothash with \"openssl smime -sign -binary -noattr "
               "-nocerts -outform der\"",
               output.display(file),
               inputs.name);
  const verity::Sha256 fingerprint = verity::certificate_fingerprint(certificate);
  const verity::RootHashVerdict verdict = verity::verify_root_hash(
      root_hash, *signature, fingerprint, {{"the certificate given", certificate}});
  if (!verdict.trusted)
    base::fail(Kind::untrusted, "{}: {}", output.display(file), verdict.why);
  return {.root_hash = root_hash, .signature = std::move(*signature), .certificate = fingerprint};
}

/// The bill of materials has the image's digest in it, and nothing else that a signature changes.
void name_image_in_bill(base::Sys &sys,
                        const base::Dir &output,
                        const Inputs &inputs,
                        const std::string &before,
                        const std::string &now)
{
  const std::string file = inputs.name + ".spdx.json";
  auto text = output.text(file, record_limit);
  const std::size_t at = text ? text->find(before) : std::string::npos;
  if (at != std::string::npos)
    base::replace_file(sys, output, file, text->replace(at, before.size(), now));
}

/// The content of a partition, as a file without name.
base::Fd part_of(base::Sys &sys,
                 const verity::GptDisk &disk,
                 const verity::GptTable &table,
                 unsigned number,
                 const base::Dir &scratch)
{
  const verity::GptEntry &entry = table.entry(number);
  base::Fd file = sys.create_unnamed(scratch);
  sys.copy(disk.fd(), {.start = table.offset_of(entry), .length = table.length_of(entry)}, file, 0);
  return file;
}

} // namespace

Made attach_signature(const base::Host &host,
                      const base::Dir &output,
                      const Recipe &recipe,
                      const Inputs &inputs,
                      const std::string &certificate)
{
  Made made = checked_image(output, inputs);
  const verity::RootHashSignature signature =
      read_signature(output, inputs, *made.root_hash, certificate);
  const Workspace workspace(host.sys, output, ".bake-" + inputs.name);
  const verity::GptDisk disk(output.file(inputs.name + ".raw"), inputs.name);
  const verity::GptTable table = disk.table();
  const base::Fd file_system = part_of(host.sys, disk, table, 1, workspace.dir());
  const HashedFileSystem hashed{.root_hash = *made.root_hash,
                                .tree = part_of(host.sys, disk, table, 2, workspace.dir())};
  base::Fd image = host.sys.create(workspace.dir(), "image", 0644);
  write_ddi(host.sys, image, file_system, hashed, signature, ddi_facts(recipe, inputs));
  const std::string unsigned_sha256 = made.sha256;
  made.signer = signature.certificate;
  made.size = base::size_of(image);
  made.sha256 = verity::hex(digest_of_file(image));
  host.sys.sync(image);
  host.sys.close(std::move(image));
  host.sys.rename(workspace.dir(), "image", output, inputs.name + ".raw", base::Replace::yes);
  name_image_in_bill(host.sys, output, inputs, unsigned_sha256, made.sha256);
  base::replace_file(host.sys, output, inputs.name + ".inputs.json", encode_record(inputs, made));
  return made;
}

} // namespace bakery
