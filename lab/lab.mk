# The lab: every host of inventories/lab as a system container on this machine; docs/lab.md tells more.
LAB_NAME ?= lab
LAB_TOPOLOGY ?= inventories/lab/topology.yml
LAB := .venv/bin/python -m lab
LAB_HOST = $(or $(HOST),$(error say which host: make $@ HOST=db1))
LAB_ZONE = $(or $(ZONE),$(error say which zone: make $@ ZONE=us-east-1a))

.PHONY: lab
lab: lab-hosts ## Build the whole platform on this machine: hosts, configuration, summary
	ansible-playbook site.yml -i inventories/lab
	@$(LAB) publish --name $(LAB_NAME)
	@$(LAB) summary --name $(LAB_NAME)

.PHONY: lab-hosts
lab-hosts: $(VENV) ## Build the lab's hosts only, or what is missing of them
	@$(LAB) up --name $(LAB_NAME) --topology $(LAB_TOPOLOGY)

.PHONY: lab-down
lab-down: $(VENV) ## Remove every trace of the lab but the cache
	@$(LAB) down --name $(LAB_NAME)

.PHONY: lab-kill
lab-kill: ## Take a host's power away: HOST=db1
	@$(LAB) kill --name $(LAB_NAME) $(LAB_HOST)

.PHONY: lab-start
lab-start: ## Give a host its power back: HOST=db1
	@$(LAB) start --name $(LAB_NAME) $(LAB_HOST)

.PHONY: lab-cut
lab-cut: ## Cut a zone off: ZONE=us-east-1a
	@$(LAB) cut --name $(LAB_NAME) $(LAB_ZONE)

.PHONY: lab-heal
lab-heal: ## Undo all cuts
	@$(LAB) heal --name $(LAB_NAME)

.PHONY: lab-ssh
lab-ssh: ## Log in to a host: HOST=db1
	@$(LAB) ssh --name $(LAB_NAME) $(LAB_HOST)

.PHONY: lab-dashboards
lab-dashboards: $(VENV) ## Draw every panel of the dashboards from the running Prometheus into reports/dashboards
	@PYTHONPATH=collections python -m scripts.lab_dashboards $(LAB_NAME)

.PHONY: lab-status
lab-status: ## Show every host of the lab
	@$(LAB) status --name $(LAB_NAME)
