"""The pages: ``pip install ".[docs]" && python -m sphinx examples/pages OUT``.

They are made of the README, the format documents, docstrings and the scripts of `examples`, which
stay where they are: pages include them. Nothing is fetched, neither here nor by a browser.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tutorials import NAMES  # noqa: E402  (beside this file)

import ansflow  # noqa: E402

project = "ansflow"
author = "the authors of ansflow"
version = release = ansflow.__version__
language = "en-GB"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "names",
    "repository",
    "citations",
    "formulas",
    "tutorials",
    "folds",
    "dashboard_page",
]
html_math_renderer = "mathml"
exclude_patterns = [
    "auto_examples/index.rst",  # tutorials.rst has them in groups
    "figures/*.md",  # which pages include
]
templates_path = ["_templates"]
highlight_language = "none"  # where nothing is said
default_role = "py:obj"
nitpicky = True
# Other packages, whose documentation is not fetched; rooms that are internal; and, in docstrings,
# attributes of what is given, constants of kernels, and a format.
OTHERS = "abc|collections|dask|io|joblib|numcodecs|scipy|xarray|zarr"
ROOMS = r"kernels|bitsback\.nets|bitsback\.stack|models\.checked"
ATTRIBUTES = "cdf|columns|freq|index|max_length|model|precision|sf|tables"
ATTRIBUTES += r"|kernels_know_low|mixture_shares|Graph\.(vertex|edge)_values"
nitpick_ignore_regex = [
    ("py:(obj|class)", rf"({OTHERS})\..*"),
    ("py:obj", rf"ansflow\.({ROOMS})(\..*)?"),
    ("py:obj", rf"{ATTRIBUTES}|UNDERFLOW|IMPOSSIBLE|lpc|npz"),
]

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "colon_fence"]
suppress_warnings = ["config.cache"]  # the sort key below is a function

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # numpydoc's sections say more
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the templates list them
numpydoc_class_members_toctree = False
toc_object_entries = False

linkcheck_ignore = ["https://github.com/ansflow/"]  # what is there is in this repository, too
linkcheck_timeout = 10  # seconds

html_theme = "furo"
html_title = "ansflow"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_copyright = False
html_show_search_summary = False  # which a page from a disk may not fetch
html_theme_options = {
    "source_repository": "https://github.com/ansflow/ansflow/",
    "source_branch": "main",
    "source_directory": "examples/pages/",
    "top_of_page_buttons": [],
}

sphinx_gallery_conf = {
    "examples_dirs": [".."],
    "gallery_dirs": ["auto_examples"],
    "ignore_pattern": rf"(?:^|[\\/])(?!({'|'.join(NAMES)})\.py$)[^\\/]*$",
    "filename_pattern": r"(?:^|[\\/])(?!train_)\w+\.py$",  # those need other packages, and hours
    "within_subsection_order": "tutorials.place",
    "minigallery_sort_order": "tutorials.place",
    "nested_sections": False,
    "image_scrapers": ("matplotlib",),
    "image_srcset": ["2x"],
    "default_thumb_file": str(HERE / "_static" / "mark.svg"),
    "thumbnail_size": (400, 280),
    "remove_config_comments": True,
    "write_computation_times": False,
    "min_reported_time": 1e9,  # pages do not differ from build to build by seconds
    "show_memory": False,
    "show_signature": False,
    "abort_on_example_error": False,  # each failure is a warning, and all are reported
    "doc_module": ("ansflow",),
    "reference_url": {"ansflow": None},
    "backreferences_dir": "generated/backreferences",
    "prefer_full_module": {r"ansflow\.integrations"},
}
