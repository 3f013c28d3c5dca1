# The lab: every host of inventories/lab on this machine. docs/lab.md tells more.
LAB_NAME ?= lab
LAB_TOPOLOGY ?= inventories/lab/topology.yml
LAB := .venv/bin/python -m lab

.PHONY: lab lab-hosts lab-down lab-kill lab-start lab-cut lab-heal lab-ssh lab-status

lab: lab-hosts ## build the whole platform on this machine: hosts, configuration, summary
	.venv/bin/ansible-playbook site.yml -i inventories/$(LAB_NAME)
	$(LAB) publish --name $(LAB_NAME)
	$(LAB) summary --name $(LAB_NAME)

lab-hosts: ## build the lab's hosts only
	$(LAB) up --name $(LAB_NAME) --topology $(LAB_TOPOLOGY)

lab-down: ## remove every trace of the lab but the cache
	$(LAB) down --name $(LAB_NAME)

lab-kill: ## take a host's power away: HOST=db1
	$(LAB) kill --name $(LAB_NAME) $(HOST)

lab-start: ## give a host its power back: HOST=db1
	$(LAB) start --name $(LAB_NAME) $(HOST)

lab-cut: ## cut a zone off: ZONE=us-east-1a
	$(LAB) cut --name $(LAB_NAME) $(ZONE)

lab-heal: ## undo all cuts
	$(LAB) heal --name $(LAB_NAME)

lab-ssh: ## log in to a host: HOST=db1
	$(LAB) ssh --name $(LAB_NAME) $(HOST)

lab-status: ## show every host
	$(LAB) status --name $(LAB_NAME)
