defmodule Bench do
  @moduledoc """
  The parent. Takes an order from each line of its input, and answers with a line of numbers. Calls
  are made and timed here, in the same ways as those of the other contenders.
  """

  @doc "Obeys until the input ends. `slots`: how many calls run on the runner at once."
  def main(slots) do
    {:ok, pool} = start_pool(Bench.Pool, slots)
    Enum.each(IO.stream(:line), &answer/1)
    Supervisor.stop(pool)
    System.halt()
  end

  defp start_pool(name, slots) do
    pool = {FLAME.Pool, name: name, min: 0, max: 1, max_concurrency: slots, backend: Bench.Backend}
    Supervisor.start_link([pool], strategy: :one_for_one)
  end

  defp answer(line) do
    [order | args] = line |> String.trim_trailing("\n") |> String.split("\t")
    IO.puts(Enum.join(["ok" | obey(order, args)], " "))
  end

  defp obey("pids", []), do: [System.pid(), call(fn -> System.pid() end)]

  # Calls one after the other: the 50th and the 99th percentile of how long one takes, in µs.
  defp obey("latency", [warm_up, samples]) do
    for _ <- 1..int(warm_up), do: noop()
    took = for _ <- 1..int(samples), do: nanoseconds(&noop/0) / 1.0e3
    sorted = took |> Enum.sort() |> List.to_tuple()
    for share <- [0.5, 0.99], do: elem(sorted, trunc(tuple_size(sorted) * share))
  end

  # Calls per second, and the CPU time that one takes in both nodes, in µs.
  defp obey("throughput", [in_flight, ms]) do
    before = cpu_ms()
    {rate, calls} = rate(&noop/0, int(in_flight), int(ms))
    [rate, (cpu_ms() - before) * 1.0e3 / calls]
  end

  # Bytes there and back, 8 calls in flight: calls per second.
  defp obey("echo", [size, ms]) do
    bytes = :binary.copy(<<1>>, int(size))
    {rate, _} = rate(fn -> call(fn -> bytes end) end, 8, int(ms))
    [rate]
  end

  # Calls at once that sleep there: after how many seconds all were over, and how many had a result.
  defp obey("sleep", [count, ms]) do
    ms = int(ms)
    sleep = fn -> answered?(fn -> call(fn -> Process.sleep(ms) end) end) end
    tasks = fn -> for _ <- 1..int(count), do: Task.async(sleep) end
    {took, answered} = :timer.tc(fn -> Task.await_many(tasks.(), :infinity) end)
    [took / 1.0e6, Enum.count(answered, & &1)]
  end

  # To the runner: it asks a device here for each chunk, as `File.stream!` does between nodes.
  defp obey("up", [bytes, chunk]) do
    {bytes, chunk} = {int(bytes), int(chunk)}
    source = File.open!("/dev/zero", [:read, :binary])
    call(fn -> drain(source, bytes, chunk) end)
    File.close(source)
    []
  end

  # From the runner: the same, where an agent over there holds the device.
  defp obey("down", [bytes, chunk]) do
    open = fn -> File.open!("/dev/zero", [:read, :binary]) end
    {:ok, holder} = FLAME.place_child(Bench.Pool, {Agent, open})
    drain(Agent.get(holder, & &1), int(bytes), int(chunk))
    Agent.stop(holder)
    []
  end

  defp obey("file", [from, to]) do
    source = File.open!(from, [:read, :binary])
    call(fn -> source |> IO.binstream(65_536) |> Enum.into(File.stream!(to)) end)
    File.close(source)
    []
  end

  # From a pool without runners to its first result, in ms.
  defp obey("boot", []) do
    {took, pool} =
      :timer.tc(fn ->
        {:ok, pool} = start_pool(Bench.ColdPool, 1)
        FLAME.call(Bench.ColdPool, fn -> nil end)
        pool
      end)

    Supervisor.stop(pool)
    [took / 1.0e3]
  end

  defp noop, do: FLAME.call(Bench.Pool, fn -> nil end)
  defp call(func), do: FLAME.call(Bench.Pool, func, timeout: :infinity)

  defp answered?(func) do
    func.()
    true
  catch
    :exit, _ -> false
  end

  # As `harness/throughput.ts` does it; with it, how many calls there were in all.
  defp rate(func, in_flight, ms) do
    # The first counts calls, the second is 1 when it is over.
    state = :counters.new(2, [])
    loops = for _ <- 1..in_flight, do: Task.async(fn -> repeat(func, state) end)
    sleep_until(state, in_flight, div(ms, 4))
    from = :counters.get(state, 1)
    took = nanoseconds(fn -> sleep_until(state, from + 1, ms) end)
    done = :counters.get(state, 1) - from
    :counters.add(state, 2, 1)
    Task.await_many(loops, :infinity)
    {done * 1.0e9 / took, :counters.get(state, 1)}
  end

  # Sleeps for `ms`, and again until there have been that many calls.
  defp sleep_until(state, calls, ms) do
    Process.sleep(ms)
    if :counters.get(state, 1) < calls, do: sleep_until(state, calls, ms)
  end

  defp repeat(func, state) do
    func.()
    :counters.add(state, 1, 1)
    if :counters.get(state, 2) == 0, do: repeat(func, state)
  end

  defp drain(source, bytes, chunk) do
    source |> IO.binstream(chunk) |> Stream.take(div(bytes, chunk)) |> Stream.run()
  end

  defp nanoseconds(func) do
    started = System.monotonic_time(:nanosecond)
    func.()
    System.monotonic_time(:nanosecond) - started
  end

  defp cpu_ms do
    {here, _} = :erlang.statistics(:runtime)
    {there, _} = call(fn -> :erlang.statistics(:runtime) end)
    here + there
  end

  defp int(text), do: String.to_integer(text)
end
