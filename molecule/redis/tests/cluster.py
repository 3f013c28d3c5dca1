"""The cluster of the scenario: asked with redis-cli on its hosts, changed with the module, used by a client."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

LAB = f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}"
ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
CA = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pki" / "ca.crt"
PASSWORDS = yaml.safe_load((SCENARIO / "vars.yml").read_text())
HOSTS = yaml.safe_load((SCENARIO / "topology.yml").read_text())["regions"]["test-1"]["hosts"]
ADDRESSES = {name: host["address"] for name, host in HOSTS.items()}
ZONES = {name: "test-1b" if address.startswith("10.9.21.") else "test-1a" for name, address in ADDRESSES.items()}
SPARE = ("redis4", "redis8")
LOGIN = {
    "login_user": "admin",
    "login_password": PASSWORDS["redis_admin_password"],
    "ca_file": "/etc/freeagentics/tls/ca.crt",
}


def cli(host, address, *words, user="admin", password=""):
    """Return what a node answers to a command, asked from a host."""
    secret = password or PASSWORDS[f"redis_{user}_password"]
    tls = f"--tls --cacert /etc/freeagentics/tls/ca.crt --no-auth-warning -h {address} --user {user}"
    done = host.run(f"REDISCLI_AUTH={secret} redis-cli {tls} {' '.join(words)}")
    return done.stdout.strip()


def nodes(host):
    """Return each node as its name: its master's name or nothing, and its flags."""
    lines = [line.split() for line in cli(host, ADDRESSES["redis1"], "cluster nodes").splitlines()]
    names = {address: name for name, address in ADDRESSES.items()}
    by_id = {line[0]: names[line[1].partition(":")[0]] for line in lines}
    return {by_id[line[0]]: (by_id.get(line[3], ""), line[2].split(",")) for line in lines}


def change(names, shards):
    """Let the module make a cluster of some hosts, and return what it returns."""
    done = finish(start("redis1", "redis_cluster", wanted(names, shards)))
    assert "failed" not in done, done["msg"]
    return done


def wanted(names, shards, **options):
    """Return the module's arguments for a cluster of some hosts."""
    nodes = [{"name": name, "address": ADDRESSES[name], "zone": ZONES[name]} for name in names]
    return {"nodes": nodes, "shards": shards, "replicas": 1, **LOGIN, **options}


def start(host, module, arguments):
    """Start a module on a host as root."""
    command = [sys.executable, "-m", "ansible", "adhoc", "-i", SCENARIO / "topology.yml", host, "--become"]
    command += ["-m", f"freeagentics.platform.{module}", "-a", json.dumps(arguments)]
    words = [str(word) for word in command]
    return subprocess.Popen(
        words, cwd=ROOT, env=environment("minimal"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def environment(callback):
    """Return the environment of a run of Ansible on the hosts."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_SSH_COMMON_ARGS": f"-F {ROOT}/.lab/{LAB}/ssh.cfg",
        "ANSIBLE_REMOTE_USER": "platform",
        "ANSIBLE_STDOUT_CALLBACK": f"ansible.builtin.{callback}",
        "ANSIBLE_FORCE_COLOR": "false",
        "ANSIBLE_NOCOLOR": "true",
    }


def converge(**passwords):
    """Run the scenario's playbook with other passwords, and return how many tasks changed something on each host."""
    command = [sys.executable, "-m", "ansible", "playbook", "-i", SCENARIO / "topology.yml", SCENARIO / "converge.yml"]
    words = [str(word) for word in (*command, "-e", json.dumps(passwords))]
    done = subprocess.run(words, cwd=ROOT, env=environment("default"), capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    recap = done.stdout.partition("PLAY RECAP")[2]
    return {host: int(count) for host, count in re.findall(r"^(\S+) .*changed=(\d+)", recap, re.MULTILINE)}


def finish(process):
    """Return what a started module returns."""
    output, errors = process.communicate(timeout=120)
    assert " => {" in output, output + errors
    return json.loads(output.partition(" => ")[2])


def lab(*words):
    """Run a command of the lab."""
    command = [sys.executable, "-m", "lab", *words, "--name", LAB]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


class Writer:
    """A client of the cluster that writes as the application would, in a process of its own beside redis1."""

    def __init__(self, user="app"):
        secret = PASSWORDS[f"redis_{user}_password"]
        command = ["nsenter", f"--net=/run/netns/{LAB}-bastion1", sys.executable, SCENARIO / "tests" / "writer.py"]
        command += [",".join(ADDRESSES[name] for name in ADDRESSES if name not in SPARE), CA, user]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PASSWORD": secret}
        )
        assert self.process.stdout.readline() == "writing\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Stop it and return what it counted: writes, lost, outage (seconds)."""
        output, _errors = self.process.communicate("stop\n", timeout=60)
        return json.loads(output)
