// SPDX-License-Identifier: Apache-2.0
#include "base/program.hpp"
#include "support/extension_image.hpp"
#include "support/temp_root.hpp"
#include "verity/hash_tree.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/extension_image");

namespace {

const support::Authority &authority()
{
  static const support::Authority made("tests");
  return made;
}

base::Finished run(std::vector<std::string> argv)
{
  return base::ProcessRunner().run({.argv = std::move(argv)});
}

} // namespace

TEST_CASE("the images that the tests are made with are good in the eyes of other tools")
{
  const support::Identity signer = authority().issue("signer");
  const auto pieces = support::extension_pieces({{"usr/lib/hello", "hello"}}, signer);
  const std::string root_hash = verity::hex(pieces.tree.root);
  const support::TempRoot root({{"data", pieces.data},
                                {"tree", pieces.tree.bytes},
                                {"signature", pieces.signature},
                                {"text", root_hash},
                                {"certificate", signer.certificate},
                                {"disk", support::ddi_of(pieces)}});
  const auto path = [&](const char *name) { return root.path() + "/" + name; };

  const auto judged = run({"veritysetup", "verify", path("data"), path("tree"), root_hash});
  CHECK_MESSAGE(judged.status == 0, judged.errors);
  const auto verified = run({"openssl",
                             "smime",
                             "-verify",
                             "-inform",
                             "der",
                             "-noverify",
                             "-nointern",
                             "-certfile",
                             path("certificate"),
                             "-in",
                             path("signature"),
                             "-content",
                             path("text")});
  CHECK_MESSAGE(verified.status == 0, verified.errors);
  const auto table = run({"sfdisk", "--verify", path("disk")});
  CHECK_MESSAGE(table.status == 0, table.errors);
  CHECK(table.output.find("No errors detected") != std::string::npos);
  const auto label = run({"sfdisk", "--part-uuid", path("disk"), "1"});
  CHECK(base::Uuid::parse(label.output.substr(0, 36)) ==
        verity::data_partition_uuid(pieces.tree.root));
}
