"""Chinese names of kinds of objects and of common objects and scenes of ImageNet.

There is no complete and checked list of all 1000; what is not here is left out of Chinese texts.
"""

NAMES = {
    # Kinds
    "bird": "鸟", "lizard": "蜥蜴", "snake": "蛇", "spider": "蜘蛛", "dog": "狗", "cat": "猫", "bear": "熊",
    "butterfly": "蝴蝶", "monkey or ape": "猴或猿", "car": "汽车", "boat": "船",
    # Animals
    "goldfish": "金鱼", "great white shark": "大白鲨", "rooster": "公鸡", "hen": "母鸡", "ostrich": "鸵鸟",
    "snail": "蜗牛", "jellyfish": "水母", "flamingo": "火烈鸟", "pelican": "鹈鹕", "koala": "考拉",
    "red fox": "赤狐", "leopard": "豹", "lion": "狮子", "tiger": "老虎", "cheetah": "猎豹", "brown bear": "棕熊",
    "polar bear": "北极熊", "bee": "蜜蜂", "ant": "蚂蚁", "dragonfly": "蜻蜓", "hamster": "仓鼠",
    "zebra": "斑马", "pig": "猪", "hippopotamus": "河马", "ox": "牛", "water buffalo": "水牛", "llama": "羊驼",
    "orangutan": "红毛猩猩", "gorilla": "大猩猩", "chimpanzee": "黑猩猩", "giant panda": "大熊猫",
    "red panda": "小熊猫", "Asian elephant": "亚洲象", "African bush elephant": "非洲象",
    # Sport and play
    "gymnastic horizontal bar": "单杠", "parallel bars": "双杠", "balance beam": "平衡木", "barbell": "杠铃",
    "dumbbell": "哑铃", "baseball": "棒球", "basketball": "篮球", "volleyball ball": "排球", "soccer ball": "足球",
    "tennis ball": "网球", "golf ball": "高尔夫球", "rugby ball": "橄榄球", "ping-pong ball": "乒乓球",
    "racket": "球拍", "punching bag": "拳击沙袋", "pool table": "台球桌", "ski": "滑雪板", "swing": "秋千",
    "snowmobile": "雪地摩托", "scuba diver": "潜水员", "baseball player": "棒球运动员", "parachute": "降落伞",
    # Music
    "accordion": "手风琴", "acoustic guitar": "木吉他", "electric guitar": "电吉他", "cello": "大提琴",
    "violin": "小提琴", "flute": "长笛", "grand piano": "三角钢琴", "upright piano": "立式钢琴", "harp": "竖琴",
    "drum": "鼓", "saxophone": "萨克斯管", "microphone": "麦克风",
    # On the road, at sea, in the air
    "airliner": "客机", "ambulance": "救护车", "fire truck": "消防车", "school bus": "校车",
    "taxicab": "出租车", "sports car": "跑车", "race car": "赛车", "tractor": "拖拉机", "tram": "有轨电车",
    "high-speed train": "高速列车", "steam locomotive": "蒸汽机车", "mountain bike": "山地自行车",
    "motor scooter": "踏板摩托车", "tricycle": "三轮车", "unicycle": "独轮车", "kayak": "皮划艇",
    "container ship": "集装箱船", "submarine": "潜水艇", "traffic light": "红绿灯",
    "traffic or street sign": "交通标志", "parking meter": "停车计时器",
    # At home
    "backpack": "背包", "bathtub": "浴缸", "bookcase": "书柜", "couch": "沙发", "desk": "书桌",
    "desktop computer": "台式电脑", "laptop computer": "笔记本电脑", "computer keyboard": "电脑键盘",
    "dining table": "餐桌", "rocking chair": "摇椅", "refrigerator": "冰箱", "microwave oven": "微波炉",
    "washing machine": "洗衣机", "stove": "炉灶", "television": "电视机", "mobile phone": "手机",
    "umbrella": "雨伞", "teapot": "茶壶", "coffee mug": "咖啡杯", "vase": "花瓶", "pillow": "枕头",
    "wall clock": "挂钟", "wardrobe": "衣柜", "vacuum cleaner": "吸尘器", "teddy bear": "泰迪熊",
    # Places
    "barbershop": "理发店", "bookstore": "书店", "library": "图书馆", "restaurant": "餐馆", "grocery store": "杂货店",
    "church": "教堂", "mosque": "清真寺", "castle": "城堡", "palace": "宫殿", "lighthouse": "灯塔", "barn": "谷仓",
    "greenhouse": "温室", "fountain": "喷泉", "stage": "舞台", "suspension bridge": "悬索桥", "viaduct": "高架桥",
    "mountain": "高山", "cliff": "悬崖", "coral reef": "珊瑚礁", "lakeshore": "湖岸", "beach": "海滩",
    "valley": "山谷", "volcano": "火山",
    # Food and plants
    "ice cream": "冰淇淋", "pizza": "披萨", "cheeseburger": "芝士汉堡", "hot dog": "热狗", "broccoli": "西兰花",
    "cucumber": "黄瓜", "mushroom": "蘑菇", "strawberry": "草莓", "orange": "橙子", "lemon": "柠檬",
    "pineapple": "菠萝", "banana": "香蕉", "corn": "玉米", "daisy": "雏菊",
}  # fmt: skip
