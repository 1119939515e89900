defmodule Bench.MixProject do
  use Mix.Project

  # Elixir's FLAME, compiled as it is from a checkout, and the bench's own modules beside it, so
  # that a runner has both. Its optional dependencies are for backends that are not used here.
  @checkout System.fetch_env!("FLAME_ELIXIR")
  @version Regex.run(~r/version: "([^"]+)"/, File.read!(Path.join(@checkout, "mix.exs")))

  def project do
    [
      app: :flame,
      version: List.last(@version),
      elixirc_paths: [Path.join(@checkout, "lib"), "lib"],
      deps: []
    ]
  end

  def application do
    [mod: {FLAME.Application, []}, extra_applications: [:logger]]
  end
end
