#include "cli/flow/dot.h"

#include "cli/flow/flow_graph.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

std::string dot_label(const std::vector<std::string>& lines) {
  std::string label;
  for (const std::string& line : lines) label += (label.empty() ? "" : "\\n") + dot_text(line);
  return label;
}

class DotPen final : public GraphPen {
 public:
  explicit DotPen(const Sink& out) : out_{out} {}

  void node(const std::string& id, NodeKind kind, NodeLook look,
            const std::vector<std::string>& lines) override {
    std::string line = "  " + id + " [label=\"" + dot_label(lines) + "\"";
    if (kind == NodeKind::delivery) line += ", shape=ellipse";
    if (look == NodeLook::failed) line += ", color=\"#c00000\", fillcolor=\"#ffdcdc\"";
    if (look == NodeLook::waiting) line += ", color=\"#b08000\", fillcolor=\"#fff4cc\"";
    if (kind == NodeKind::owed) line += ", style=\"filled,dashed\"";
    out_(line + "];\n");
  }
  void edge(const std::string& from, const std::string& to, const std::vector<std::string>& lines,
            bool longest) override {
    std::string line = "  " + from + " -> " + to;
    if (!lines.empty() || longest) {
      line += " [label=\"" + dot_label(lines) + "\"";
      if (longest) line += ", penwidth=3";
      line += "]";
    }
    out_(line + ";\n");
  }

 private:
  const Sink& out_;
};

}  // namespace

std::string dot_text(std::string_view foreign) {
  std::string text;
  for (const char c : shown(foreign)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

void dot_graph(const FlowPicture& picture, const Sink& out) {
  out("digraph \"" + dot_text(picture.flow().summary().correlationid()) + "\" {\n");
  out("  node [shape=box, style=filled, fillcolor=white, fontname=\"sans-serif\"];\n");
  out("  edge [fontname=\"sans-serif\", fontsize=10];\n");
  DotPen pen{out};
  draw_graph(picture, pen);
  out("}\n");
}

}  // namespace reel::cli
