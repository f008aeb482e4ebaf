"""Asks a server of reward models the way OpenRLHF and verl do, with Python's standard library alone, and prints what a trainer would learn from."""
import json
import sys
import urllib.request


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.load(answer)


def openrlhf(address, queries, prompts):
    """One request per sample, as OpenRLHF's agent sends it; a trainer reads the first of each list."""
    answers = [post(address + "/get_reward", {"query": [q], "prompts": [p], "labels": [""]}) for q, p in zip(queries, prompts)]
    assert all(set(a) >= {"rewards", "scores", "extra_logs"} and isinstance(a["extra_logs"], dict) for a in answers), answers
    together = post(address + "/get_reward", {"query": queries, "prompts": prompts, "labels": [""] * len(queries)})
    assert len(together["rewards"]) == len(queries), together
    return {"alone": [a["rewards"][0] for a in answers], "together": together["rewards"], "scores": together["scores"]}


def verl(address, model, texts):
    """One request per sample, as verl's reward loop asks vLLM; the score is the last probability of the last item."""
    answers = [post(address + "/classify", {"model": model, "input": text, "activation": False}) for text in texts]
    return {"alone": [a["data"][-1]["probs"][-1] for a in answers]}


address, model, texts, prompts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
print(json.dumps({"openrlhf": openrlhf(address, texts, prompts), "verl": verl(address, model, texts)}))
