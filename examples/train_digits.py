"""Train a spiking keyword spotter and charge its energy. Usage: python examples/train_digits.py [FOLDER_OF_WORDS]"""

import sys

from circuits import energy_report, load_chip, place, si
from snn import Spotter, evaluate, fit, load_examples, load_recipe, open_corpus, prepare

recipe = load_recipe("demo", ["epochs=15"])
corpus = open_corpus(sys.argv[1] if len(sys.argv) > 1 else prepare("embedded"))
mel = recipe.features.at(corpus.sample_rate)
train, validation, test = (load_examples(corpus.split(part), mel) for part in ("train", "validation", "test"))
model = Spotter(recipe, mel, corpus.labels)
fit(model, train, validation, recipe)
result = evaluate(model, test)
network = model.network()
report = energy_report(network, result.activity, place(network, load_chip("btbt-45rfsoi")))
print(f"{model.n_parameters} parameters, test accuracy {result.accuracy:.3f}")
print(f"{result.activity.spikes_per_inference:.0f} spikes, {si(report.total_j, 'J')} per inference")
