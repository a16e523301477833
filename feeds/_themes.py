"""Our own themes: names that move together and are in no sector of their own, each from a date on.

Written by hand from what is publicly known, and chosen afterwards. A name counts from the session it listed
or took up the business; one that was there before from the first session of 2015, where these lists begin.
"""

THEMES = """\
symbol,sector,name,from,to
ASTR,Space,Astra Space,2021-07-01,2024-07-18
ASTS,Space,AST SpaceMobile,2021-04-07,
BKSY,Space,BlackSky,2021-09-10,
LUNR,Space,Intuitive Machines,2023-02-14,
PL,Space,Planet Labs,2021-12-08,
RDW,Space,Redwire,2021-09-03,
RKLB,Space,Rocket Lab,2021-08-25,
SPCE,Space,Virgin Galactic,2019-10-28,
ARQQ,Quantum computing,Arqit Quantum,2021-09-07,
IONQ,Quantum computing,IonQ,2021-10-01,
QBTS,Quantum computing,D-Wave Quantum,2022-08-08,
QUBT,Quantum computing,Quantum Computing Inc.,2021-07-15,
RGTI,Quantum computing,Rigetti Computing,2022-03-02,
CCJ,Nuclear,Cameco,2015-01-02,
DNN,Nuclear,Denison Mines,2015-01-02,
LEU,Nuclear,Centrus Energy,2015-01-02,
NNE,Nuclear,Nano Nuclear Energy,2024-05-08,
OKLO,Nuclear,Oklo,2024-05-10,
SMR,Nuclear,NuScale Power,2022-05-03,
UEC,Nuclear,Uranium Energy,2015-01-02,
AMAT,Semiconductors,Applied Materials,2015-01-02,
AMD,Semiconductors,Advanced Micro Devices,2015-01-02,
ARM,Semiconductors,Arm Holdings,2023-09-14,
ASML,Semiconductors,ASML,2015-01-02,
AVGO,Semiconductors,Broadcom,2015-01-02,
MU,Semiconductors,Micron Technology,2015-01-02,
NVDA,Semiconductors,Nvidia,2015-01-02,
TSM,Semiconductors,TSMC,2015-01-02,
CIFR,Crypto,Cipher Mining,2021-08-30,
COIN,Crypto,Coinbase,2021-04-14,
HUT,Crypto,Hut 8,2021-06-15,
IREN,Crypto,IREN,2021-11-17,
MSTR,Crypto,MicroStrategy,2020-08-11,
RIOT,Crypto,Riot Platforms,2017-10-04,
ACHR,Air taxis,Archer Aviation,2021-09-17,
BLDE,Air taxis,Blade Air Mobility,2021-05-10,
EH,Air taxis,EHang,2019-12-12,
EVTL,Air taxis,Vertical Aerospace,2021-12-16,
JOBY,Air taxis,Joby Aviation,2021-08-11,
GD,Defense,General Dynamics,2015-01-02,
KTOS,Defense,Kratos Defense,2015-01-02,
LHX,Defense,L3Harris,2019-07-01,
LMT,Defense,Lockheed Martin,2015-01-02,
NOC,Defense,Northrop Grumman,2015-01-02,
RTX,Defense,RTX,2020-04-03,
"""
