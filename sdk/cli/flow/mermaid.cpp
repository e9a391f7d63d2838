#include "cli/flow/mermaid.h"

#include <spdlog/fmt/fmt.h>

#include "cli/flow/flow_graph.h"
#include "cli/terminal.h"
#include "story/attempts.h"

namespace reel::cli {
namespace {

std::string label_of(const std::vector<std::string>& lines) {
  std::string label;
  for (const std::string& line : lines) label += (label.empty() ? "" : "<br/>") + mermaid_text(line);
  return label;
}

class MermaidPen final : public GraphPen {
 public:
  explicit MermaidPen(const Sink& out) : out_{out} {}

  void node(const std::string& id, NodeKind kind, NodeLook look,
            const std::vector<std::string>& lines) override {
    const bool round = kind == NodeKind::delivery;
    std::string line = "  " + id + (round ? "([\"" : "[\"") + label_of(lines) + (round ? "\"])" : "\"]");
    if (look != NodeLook::plain) line += look == NodeLook::failed ? ":::failed" : ":::waiting";
    out_(line + "\n");
  }
  void edge(const std::string& from, const std::string& to, const std::vector<std::string>& lines,
            bool longest) override {
    const std::string arrow = longest ? " ==>" : " -->";
    out_("  " + from + arrow + (lines.empty() ? " " : "|\"" + label_of(lines) + "\"| ") + to + "\n");
  }

 private:
  const Sink& out_;
};

void mermaid_item(const Sequence& sequence, const SequenceItem& item, std::vector<std::size_t>& in_hand,
                  const Sink& out) {
  const std::string text = mermaid_text(item_text(sequence, item));
  switch (item.kind) {
    case SequenceKind::published:
      if (item.alone) out(fmt::format("  Note over s{}: {}\n", item.from, text));
      break;
    case SequenceKind::open: out(fmt::format("  s{}-)s{}: {}\n", item.from, item.to, text)); break;
    case SequenceKind::handed:
      out(fmt::format("  s{}->>s{}: {}\n  activate s{}\n", item.from, item.to, text, item.to));
      ++in_hand[item.to];
      break;
    case SequenceKind::ended:
      if (is_failure(item.what->kind)) {
        out(fmt::format("  rect rgb(255, 220, 220)\n  s{}--xs{}: {}\n  end\n", item.to, item.from, text));
      } else if (item.what->kind != StepKind::acked) {
        out(fmt::format("  Note over s{}: {}\n", item.to, text));
      }
      if (!item.was_handed || in_hand[item.to] == 0) break;
      --in_hand[item.to];
      out(fmt::format("  deactivate s{}\n", item.to));
      break;
  }
}

}  // namespace

// Only what is known to be harmless stays as it is. "end" alone ends a block, wherever it stands.
std::string mermaid_text(std::string_view foreign) {
  constexpr std::string_view harmless = " .,:/_-+()=@'!?*";
  const std::string safe = shown(foreign);
  std::string text;
  for (std::size_t i = 0; i < safe.size(); ++i) {
    const auto byte = static_cast<unsigned char>(safe[i]);
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool plain = letter || (byte >= '0' && byte <= '9') || byte >= 0x80 ||
                       harmless.find(safe[i]) != std::string_view::npos;
    const bool is_end = (byte == 'e' || byte == 'E') &&
                        (safe.compare(i + 1, 2, "nd") == 0 || safe.compare(i + 1, 2, "ND") == 0);
    if (plain && !is_end) {
      text += safe[i];
    } else {
      text += fmt::format("#{};", byte);
    }
  }
  return text;
}

void mermaid_flowchart(const FlowPicture& picture, const Sink& out) {
  out("flowchart TD\n");
  MermaidPen pen{out};
  draw_graph(picture, pen);
  out("  classDef failed fill:#ffdcdc,stroke:#c00000\n");
  out("  classDef waiting fill:#fff4cc,stroke:#b08000,stroke-dasharray: 4 3\n");
}

void mermaid_sequence(const Sequence& sequence, const Sink& out) {
  out("sequenceDiagram\n");
  for (std::size_t i = 0; i < sequence.lifelines().size(); ++i) {
    out(fmt::format("  participant s{} as {}\n", i, mermaid_text(sequence.lifelines()[i])));
  }
  std::vector<std::size_t> in_hand(sequence.lifelines().size());
  for (const SequenceItem& item : sequence.items()) mermaid_item(sequence, item, in_hand, out);
}

}  // namespace reel::cli
