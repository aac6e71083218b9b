# Ruby's own ERB, with trim mode "-", over the templates and data that kiln-render gets.
#
#   ruby oracle.rb FOLDER < LIST
#
# LIST has lines "id TAB root TAB template TAB data.yaml"; the text goes to FOLDER/id. A template
# that Ruby does not take gives FOLDER/id.error instead.
require "erb"
require "json"
require "psych"

# YAML by kiln's rules (ynode.h), not by Psych's: dates, yes and 0644 are text here.
def value(node)
  case node
  when Psych::Nodes::Mapping
    node.children.each_slice(2).to_h { |key, item| [key.value, value(item)] }
  when Psych::Nodes::Sequence
    node.children.map { |item| value(item) }
  else
    return node.value if node.quoted
    case node.value
    when "", "~", "null" then nil
    when "true" then true
    when "false" then false
    when /\A(0|-?[1-9][0-9]*)\z/ then Integer(node.value, 10)
    else node.value
    end
  end
end

# What a template sees as self: render() only.
class Scope
  def initialize(folder, data)
    @folder = folder
    @data = data
  end

  def render(path)
    Scope.render_file(File.join(@folder, path), @data)
  end

  def names
    scope = binding
    @data.each { |name, item| scope.local_variable_set(name, item) if name =~ /\A[a-z]\w*\z/ }
    scope
  end

  def self.render_file(path, data)
    source = File.binread(path).force_encoding(Encoding::UTF_8)
    ERB.new(source, trim_mode: "-").result(new(File.dirname(path), data).names)
  end
end

folder = ARGV.fetch(0)
$stdin.each_line(chomp: true) do |line|
  id, _root, template, data_path = line.split("\t")
  document = Psych.parse(File.read(data_path, encoding: Encoding::UTF_8))
  data = document ? value(document.root) : {}
  begin
    File.binwrite(File.join(folder, id), Scope.render_file(template, data || {}))
  rescue StandardError, ScriptError => e
    File.binwrite(File.join(folder, "#{id}.error"), "#{e.class}: #{e.message}\n")
  end
end
