defmodule Bench.Backend do
  @moduledoc """
  Runners as other Erlang nodes on this host, which dial their parent. All but the boot is what
  FLAME's own backend for Fly does.
  """
  @behaviour FLAME.Backend

  @impl true
  def init(_opts) do
    ref = make_ref()
    parent = FLAME.Parent.new(ref, self(), __MODULE__, "runner", nil)
    {:ok, %{ref: ref, env: FLAME.Parent.encode(parent), node: nil}}
  end

  @impl true
  def remote_boot(%{ref: ref} = state) do
    name = "runner-#{System.unique_integer([:positive])}@127.0.0.1"
    # No daemon that maps names to ports: there is one port, and that is the parent's.
    {:ok, [[port]]} = :init.get_argument(:erl_epmd_port)
    erl = "-start_epmd false -erl_epmd_port #{port} -dist_listen false"
    start = "{:ok, _} = Application.ensure_all_started(:flame)"
    cookie = Atom.to_string(Node.get_cookie())

    Port.open({:spawn_executable, System.find_executable("elixir")}, [
      :binary,
      args: ["--name", name, "--cookie", cookie, "--erl", erl, "--no-halt"] ++ code() ++ ["-e", start],
      env: [{~c"FLAME_PARENT", String.to_charlist(state.env)}]
    ])

    receive do
      {^ref, {:remote_up, terminator}} -> {:ok, terminator, %{state | node: node(terminator)}}
    after
      30_000 -> {:error, :timeout}
    end
  end

  @impl true
  def remote_spawn_monitor(%{node: node}, func) when is_function(func, 0) do
    {:ok, Node.spawn_monitor(node, func)}
  end

  @impl true
  def system_shutdown, do: System.stop()

  defp code, do: ["-pa", Path.dirname(:code.which(__MODULE__))]
end
