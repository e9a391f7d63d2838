#include "event/schema_set.h"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "proto_folder.h"

using namespace reel;

namespace {

const std::string order =
    "syntax = \"proto3\";\npackage shop.v1;\n"
    "message OrderPlaced { string order_id = 1; Item first = 2; message Item { string sku = 1; } }\n";
const std::string payment =
    "syntax = \"proto3\";\npackage shop.v1;\n"
    "import \"shop/v1/order.proto\";\nimport \"google/protobuf/timestamp.proto\";\n"
    "message PaymentCaptured { OrderPlaced order = 1; google.protobuf.Timestamp at = 2; }\n";

std::string names_of(const SchemaSet& set) {
  std::string names;
  for (const auto& name : set.type_names()) names += name + " ";
  return names;
}

}  // namespace

TEST_CASE("a folder of schemas is found with its imports, whichever folder of the tree was given") {
  ProtoFolder mesh;
  mesh.write("proto/shop/v1/order.proto", order);
  mesh.write("proto/shop/v1/payment.proto", payment);
  for (const std::string given :
       {"", "proto", "proto/shop", "proto/shop/v1", "proto/shop/v1/payment.proto"}) {
    CAPTURE(given);
    const auto loaded = load_schemas({mesh.path(given)});
    CHECK(mesh.problems_of(loaded) == "");
    CHECK(names_of(loaded.schemas) ==
          "shop.v1.OrderPlaced shop.v1.OrderPlaced.Item shop.v1.PaymentCaptured ");
  }
}

TEST_CASE("one file under two spellings of its import is one file") {
  ProtoFolder mesh;
  mesh.write("proto/shop/v1/order.proto", order);
  mesh.write("proto/shop/v1/payment.proto", payment);
  mesh.write("proto/shop/v1/stock.proto",
             "syntax = \"proto3\";\npackage shop.v1;\nimport \"order.proto\";\n"
             "message StockReserved { OrderPlaced order = 1; }\n");
  const auto loaded = load_schemas({mesh.path("proto/shop/v1"), mesh.path("proto")});
  CHECK(mesh.problems_of(loaded) == "");
  CHECK(loaded.schemas.find("shop.v1.StockReserved") != nullptr);
}

TEST_CASE("files without a package, or outside the folder of their package, are found by their place") {
  ProtoFolder mesh;
  mesh.write("a/same.proto", "syntax = \"proto3\";\nmessage A { int32 a = 1; }\n");
  mesh.write("b/same.proto",
             "syntax = \"proto3\";\npackage elsewhere;\nimport \"a/same.proto\";\nmessage B { A a = 1; }\n");
  const auto loaded = load_schemas({mesh.path("a"), mesh.path("b")});
  CHECK(mesh.problems_of(loaded) == "");
  CHECK(names_of(loaded.schemas) == "A elsewhere.B ");
}

TEST_CASE("what protobuf and Reel bring needs no schema and is not listed") {
  const SchemaSet none;
  CHECK(none.find("google.protobuf.StringValue") != nullptr);
  CHECK(none.find("google.protobuf.Struct") != nullptr);
  CHECK(none.find("google.protobuf.Empty") != nullptr);
  CHECK(none.find("google.protobuf.Timestamp") != nullptr);
  CHECK(none.find("reel.v1.FlowOverdue") != nullptr);
  CHECK(none.find("shop.v1.OrderPlaced") == nullptr);
  CHECK(none.find("") == nullptr);
  CHECK(none.type_names().empty());

  ProtoFolder mesh;  // even where a copy of them lies beside
  mesh.write("shop/v1/order.proto", order);
  mesh.write("reel/v1/event.proto",
             "syntax = \"proto3\";\npackage reel.v1;\nmessage Batch { int32 other = 9; }\n");
  const auto loaded = load_schemas({mesh.path()});
  CHECK(mesh.problems_of(loaded) == "");
  CHECK(names_of(loaded.schemas) == "shop.v1.OrderPlaced shop.v1.OrderPlaced.Item ");
  CHECK(loaded.schemas.find("reel.v1.Batch")->FindFieldByName("runs") != nullptr);
}

TEST_CASE("every problem is told with its place, and what is right is still there") {
  ProtoFolder mesh;
  mesh.write("p/bad_import.proto", "syntax = \"proto3\";\npackage p;\nimport \"p/missing.proto\";\n");
  mesh.write("p/bad_syntax.proto", "syntax = \"proto3\";\npackage p;\nmessage A { string id }\n");
  mesh.write("p/bad_type.proto", "syntax = \"proto3\";\npackage p;\nmessage B {\n  Strng id = 1;\n}\n");
  mesh.write("p/bad_number.proto",
             "syntax = \"proto3\";\npackage p;\nmessage C { int32 a = 1; int32 b = 1; }\n");
  mesh.write("p/circle.proto", "syntax = \"proto3\";\npackage p;\nimport \"p/circle.proto\";\n");
  mesh.write("p/needs_bad.proto", "syntax = \"proto3\";\npackage p;\nimport \"p/bad_type.proto\";\n");
  mesh.write("p/no_syntax.proto", "message D { optional int32 a = 1; }\n");
  mesh.write("p/right.proto", "syntax = \"proto3\";\npackage p;\nmessage Right { int32 a = 1; }\n");
  const auto loaded = load_schemas({mesh.path(), mesh.path("nowhere"), mesh.path("p/right.proto")});
  CHECK(mesh.problems_of(loaded) ==
        "p/bad_syntax.proto:3:23: Missing field number.\n"
        "p/no_syntax.proto:1:1: File must begin with a syntax statement, e.g. 'syntax = \"proto2\";'.\n"
        "nowhere: no such file or folder\n"
        "p/bad_import.proto:3:1: cannot find the import 'p/missing.proto'\n"
        "p/bad_number.proto:3:36: Field number 1 has already been used in \"p.C\" by field \"a\".\n"
        "p/bad_type.proto:4:3: \"Strng\" is not defined.\n"
        "p/circle.proto:3:1: the import 'p/circle.proto' closes a circle\n");
  CHECK(names_of(loaded.schemas) == "p.Right ");

  ProtoFolder empty;
  CHECK(load_schemas({empty.path()}).problems.at(0).text() ==
        empty.path() + ": no .proto file in this folder");
}

TEST_CASE("what is exported for some types can be imported, and is no more than they need") {
  ProtoFolder mesh;
  mesh.write("shop/v1/order.proto", order);
  mesh.write("shop/v1/payment.proto", payment);
  mesh.write("shop/v1/unrelated.proto", "syntax = \"proto3\";\npackage shop.v1;\nmessage Unrelated {}\n");
  const auto loaded = load_schemas({mesh.path()});
  const auto files =
      loaded.schemas.files_for({"shop.v1.PaymentCaptured", "no.such.Type", "google.protobuf.Struct"});

  std::string names;
  for (const auto& file : files.file()) names += file.name() + " ";
  CHECK(names ==
        "shop/v1/order.proto google/protobuf/timestamp.proto shop/v1/payment.proto "
        "google/protobuf/struct.proto ");
  const auto again = schemas_of(files);
  CHECK(again.problems.empty());
  CHECK(names_of(again.schemas) == "shop.v1.OrderPlaced shop.v1.OrderPlaced.Item shop.v1.PaymentCaptured ");

  google::protobuf::FileDescriptorSet cut;
  *cut.add_file() = files.file(2);
  CHECK(schemas_of(cut).problems.at(0).text() ==
        "shop/v1/payment.proto: shop/v1/order.proto: Import \"shop/v1/order.proto\" has not been loaded.");
}
