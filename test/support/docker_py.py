"""docker-py as its users write it, against the DOCKER_HOST of the environment. Prints one line for each thing that holds."""
import sys
import time

import docker

image = sys.argv[1]
client = docker.from_env()


def holds(name, truth):
    print(("ok " if truth else "FAILED ") + name)


version = client.version()
holds("version", version["Os"] == "linux" and version["ApiVersion"] == "1.51")
holds("ping", client.ping())
holds("info", client.info()["Swarm"]["LocalNodeState"] == "inactive")

output = client.containers.run(image, ["sh", "-c", "echo out; echo err >&2"], remove=True, stdout=True, stderr=False)
holds("run gives the output", output == b"out\n")
try:
    client.containers.run(image, ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
    holds("run raises for an exit code", False)
except docker.errors.ContainerError as error:
    holds("run raises for an exit code", error.exit_status == 3 and b"bad" in error.stderr)
try:
    client.containers.run("no-such-image-anywhere:1", "true")
    holds("a missing image raises", False)
except (docker.errors.ImageNotFound, docker.errors.APIError):
    holds("a missing image raises", True)

network = client.networks.create("py-net", labels={"suite": "py"}, check_duplicate=True)
volume = client.volumes.create("py-data", labels={"suite": "py"})
holds("networks.list by label", [n.name for n in client.networks.list(filters={"label": "suite=py"})] == ["py-net"])
holds("volumes.list by label", [v.name for v in client.volumes.list(filters={"label": ["suite=py"]})] == ["py-data"])

box = client.containers.run(
    image,
    ["sh", "-c", "echo begun; while :; do sleep 0.2; done"],
    name="py-box",
    detach=True,
    labels={"suite": "py"},
    environment={"GREETING": "hello"},
    volumes={"py-data": {"bind": "/data", "mode": "rw"}},
    mem_limit="64m",
)
network.connect(box, aliases=["boxer"])
box.reload()
networks = box.attrs["NetworkSettings"]["Networks"]
holds("connect with an alias", "boxer" in networks["py-net"]["Aliases"] and networks["py-net"]["IPAddress"] != "")
network.reload()
holds("who is on the network", [c.name for c in network.containers] == ["py-box"])
holds("status", box.status == "running")
holds("exec_run", box.exec_run(["sh", "-c", "echo $GREETING"]) == (0, b"hello\n"))
holds("exec_run's exit code", box.exec_run(["sh", "-c", "exit 7"]).exit_code == 7)
code, demuxed = box.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True)
holds("exec_run demultiplexed", code == 0 and demuxed == (b"o\n", b"e\n"))
holds("logs", box.logs(tail=1) == b"begun\n")
stream = box.logs(stream=True, follow=True)
holds("logs that follow", next(stream) == b"begun\n")
stream.close()
holds("list by label", [c.name for c in client.containers.list(filters={"label": "suite=py"})] == ["py-box"])
box.rename("py-crate")
box.pause()
box.reload()
holds("pause", box.status == "paused")
box.unpause()
box.restart(timeout=0)
box.reload()
holds("rename and restart", box.name == "py-crate" and box.status == "running")
try:
    network.remove()
    holds("a network in use stays", False)
except docker.errors.APIError as error:
    holds("a network in use stays", error.status_code == 409)
network.disconnect(box)
box.kill()
holds("wait", box.wait()["StatusCode"] == 137)
actions = [
    event["Action"]
    for event in client.events(since=0, until=int(time.time()) + 1, filters={"container": box.id}, decode=True)
]
holds("events", actions.count("start") == 2 and "pause" in actions and actions[-1] == "die")
box.remove(v=True)
network.remove()
volume.remove()
holds("nothing is left", client.containers.list(all=True) == [] and client.volumes.list() == [])
holds("df", client.df()["Volumes"] == [])
